// Jobs that ended in each minute of the last hour, stacked by their ends.
import { clock, count } from "./words.js";

// From the bottom up.
const ENDS = ["completed", "failed", "cancelled"];
const HEIGHT = 180;
let chart = null;
let drawnWith = "";
let shown = null;

export function draw(panel, minutes) {
  shown = minutes;
  const place = panel.querySelector(".chart");
  const colours = coloursOf(panel);
  if (JSON.stringify(colours) !== drawnWith) {
    chart?.destroy();
    chart = new uPlot(options(panel, colours), stacked(minutes), place);
    drawnWith = JSON.stringify(colours);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  } else {
    chart.setData(stacked(minutes));
  }
  describe(panel);
}

// Those of the admin's theme, which its reader may change at any time.
function coloursOf(panel) {
  const style = getComputedStyle(panel);
  const names = { ...Object.fromEntries(ENDS.map((end) => [end, `--${end}`])), text: "--body-fg", line: "--hairline-color" };
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, style.getPropertyValue(name).trim()]));
}

function options(panel, colours) {
  const axis = { stroke: colours.text, grid: { stroke: colours.line, width: 1 }, ticks: { show: false } };
  return {
    width: panel.querySelector(".chart").clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    // Half a minute on both sides, where the outer bars have their other halves.
    scales: {
      x: { range: (_, first, last) => [first - 30, last + 30] },
      y: { range: (_, low, high) => [0, Math.max(high, 4)] },
    },
    axes: [
      { ...axis, values: (_, moments) => moments.map(clock), space: 60, size: 32 },
      { ...axis, values: (_, numbers) => numbers.map((number) => (Number.isInteger(number) ? count(number) : "")), size: 55 },
    ],
    // The whole stack first: each bar covers the upper part of the one before.
    series: [{}, ...ENDS.toReversed().map((end) => ({
      fill: colours[end], width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.8, 20], align: 0 }),
    }))],
    hooks: { setCursor: [() => describe(panel)] },
  };
}

function stacked({ first, ends }) {
  const moments = ends.completed.map((_, minute) => first + 60 * minute);
  const below = moments.map(() => 0);
  const sums = ENDS.map((end) => ends[end].map((jobs, minute) => (below[minute] += jobs)));
  return [moments, ...sums.toReversed()];
}

// Below the chart: what the colours mean, with the numbers of the minute under the pointer, else of the whole hour.
function describe(panel) {
  const minute = chart?.cursor.idx ?? null;
  const when = minute === null ? "In the last hour:" : `At ${clock(shown.first + 60 * minute)}:`;
  const numbers = ENDS.map((end) => {
    const jobs = minute === null ? shown.ends[end].reduce((sum, each) => sum + each, 0) : shown.ends[end][minute];
    const node = document.createElement("span");
    node.className = end;
    node.textContent = `${count(jobs)} ${end}`;
    return node;
  });
  panel.querySelector(".legend").replaceChildren(`${when} `, ...numbers);
}
