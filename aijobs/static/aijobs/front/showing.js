// The numbers of the front page as rows. Everything is set as text: names and codes come from callers.
import { draw } from "./chart.js";
import { age, count, duration, percent } from "./words.js";

// A percentile is marked when it is so many times last week's.
const SLOWER = 2;
// Seconds from which on a due time that was not met is marked: beat looks every two.
const LATE = 60;

export function show(front, numbers, at) {
  const { used, concerns } = numbers;
  showVerdict(front.querySelector(".verdict"), concerns);
  front.querySelector(".empty").hidden = used;
  front.querySelector(".panels").hidden = false;
  fill(front, "lanes", numbers.lanes.map((each) => lane(each, at)), "");
  front.querySelector("#places").textContent = `${count(numbers.running)} running; the workers that are there run `
    + `${count(numbers.places)} at a time.`;
  fill(front, "types", numbers.types.map(type), "No job has ended within a week.");
  fill(front, "failures", numbers.failures.map(failure), "Nothing has failed since yesterday.");
  fill(front, "tenants", numbers.tenants.map(tenant), "No tenant has jobs queued or running.");
  fill(front, "schedules", numbers.schedules.map((each) => schedule(each, at)), "No schedule is active.");
  fill(front, "unmet", numbers.unmet.map((each) => unmet(each, at)), "None.");
  fill(front, "workers", numbers.workers.map((each) => worker(each, at)), "No worker and no beat is there.");
  draw(front.querySelector("#minutes"), numbers.minutes);
}

function showVerdict(section, concerns) {
  const worst = concerns.length === 0 ? "good" : concerns[0].level;
  const all = element("div", {}, concerns.length === 0
    ? [element("p", { className: "verdict-line" }, ["All is well."])]
    : concerns.map(concern));
  section.className = `verdict ${worst}`;
  // Who listens to the page hears it when it changes, not every five seconds.
  if (section.textContent !== all.textContent) section.replaceChildren(...all.childNodes);
}

function concern({ level, sentence, advice, link }, index) {
  return element("p", { className: `${index === 0 ? "verdict-line" : "verdict-more"} ${level}` }, [
    element("a", { href: link }, [sentence]), " ", element("span", { className: "advice" }, [advice]),
  ]);
}

function lane({ lane, depth, due_since, per_minute, empty_in_minutes }, at) {
  const empty = empty_in_minutes === null ? (depth ? "nothing ends" : "–") : duration(60 * empty_in_minutes);
  return [head(lane), number(count(depth)), number(age(due_since, at)), number(per_minute), number(empty)];
}

function type({ type, ended, failed, failed_last_week, times, last_week, link }) {
  const share = ended ? percent(failed / ended) : "–";
  return [
    head(anchor(type, link)),
    number(count(ended)),
    beside(share, failed_last_week === null ? "–" : percent(failed_last_week)),
    ...["waiting", "running"].flatMap((kind) => ["p50", "p95"].map((label) => {
      const [now, before] = [times[kind][label], last_week[kind][label]];
      return beside(duration(now), duration(before), now !== null && before !== null && now > SLOWER * before);
    })),
  ];
}

function failure({ code, count: failed, hourly_before, marketplaces, link }) {
  return [
    head(anchor(code, link)), number(count(failed), failed > hourly_before && failed > 1), number(hourly_before),
    cell(marketplaces.join(", ") || "–"),
  ];
}

function tenant({ tenant, active, running, limit, link }) {
  return [head(anchor(tenant, link)), number(count(active)), number(count(running)), cell(limit || "–", limit !== "")];
}

function schedule({ schedule, tenant, due, held, link }, at) {
  // One that waits for its second look is not late yet.
  const late = at - due > LATE;
  const when = late ? `${age(due, at)} late` : due <= at ? "now" : `in ${duration(Math.floor(due - at))}`;
  return [head(anchor(schedule, link)), cell(tenant), cell(held ? `${when}: ${held}` : when, late)];
}

function unmet({ schedule, tenant, due, outcome, detail, link }, at) {
  return [
    head(anchor(schedule, link)), cell(tenant), number(`${age(due, at)} ago`), cell(`${outcome}: ${detail}`),
  ];
}

function worker({ name, queues, places, holds, held, version, last_claim, silent_since }, at) {
  const links = held.map(({ job, type, link }) => anchor(type, link, job));
  const more = holds > held.length ? [` and ${holds - held.length} more`] : [];
  const holding = links.flatMap((link, index) => (index ? [", ", link] : [link]));
  return [
    silent_since === null ? head(name) : head(`${name}, silent for ${age(silent_since, at)}`, true),
    cell(queues.join(", ") || "–"),
    element("td", {}, [`${holds} of ${places}`, ...(holding.length ? [": ", ...holding, ...more] : [])]),
    number(last_claim === null ? "–" : `${age(last_claim, at)} ago`),
    cell(version),
  ];
}

function fill(front, id, rows, nothing) {
  const table = front.querySelector(`#${id} table`);
  const columns = table.tHead.rows[0].cells.length;
  const shown = rows.length > 0 || nothing === ""
    ? rows.map((cells) => element("tr", {}, cells))
    : [element("tr", {}, [element("td", { colSpan: columns, className: "quiet" }, [nothing])])];
  const body = element("tbody", {}, shown);
  // What has not changed stays, with what is selected or focused in it.
  if (!body.isEqualNode(table.tBodies[0])) table.tBodies[0].replaceWith(body);
}

function head(content, marked = false) {
  return element("th", { scope: "row", className: marked ? "marked" : "" }, [content]);
}

function cell(text, marked = false) {
  return element("td", { className: marked ? "marked" : "" }, [text]);
}

function number(text, marked = false) {
  return element("td", { className: marked ? "number marked" : "number" }, [String(text)]);
}

// A number of now, with that of last week below it.
function beside(now, before, marked = false) {
  const node = number(now, marked);
  node.append(element("span", { className: "before" }, [before]));
  return node;
}

function anchor(text, href, title = "") {
  return element("a", title ? { href, title } : { href }, [text]);
}

function element(name, properties, children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}
