// The front page of the admin asks for its numbers every five seconds, as long as somebody can see it.
import { show } from "./showing.js";

const INTERVAL = 5000;
// Longer than an answer takes where the broker is asked in vain.
const PATIENCE = 10000;
const front = document.getElementById("front");
const stale = front.querySelector(".stale");
let etag = null;
let numbers = null;
let timer = null;
let asking = false;
let answeredAt = null;

// Returns the server's clock, on which ages are counted.
async function ask() {
  const answer = await fetch(front.dataset.numbers, {
    headers: etag ? { "If-None-Match": etag } : {},
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(`The answer was ${answer.status}.`);
    numbers = await answer.json();
    etag = answer.headers.get("ETag");
  }
  return Date.parse(answer.headers.get("Date")) / 1000 || Date.now() / 1000;
}

async function refresh() {
  asking = true;
  try {
    const at = await ask();
    answeredAt = new Date();
    stale.hidden = true;
    show(front, numbers, at);
  } catch (error) {
    console.warn(error);
    const since = answeredAt ? `These numbers are those of ${answeredAt.toLocaleTimeString()}. ` : "";
    stale.textContent = `${since}The service does not answer, or you are logged out. The page goes on asking.`;
    stale.hidden = false;
  }
  asking = false;
  if (!document.hidden) timer = setTimeout(refresh, INTERVAL);
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden && !asking) refresh();
});

refresh();
