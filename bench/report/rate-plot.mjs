// docs/performance-rate.svg: how many Gets a second, by size and by calls in flight, with and without the proxy.
import { mediansOf } from "./rows.mjs";
import { colours, decades, grouped, line, logScale, picture, text } from "./svg.mjs";

const sizes = { "100b": "100 B", "1k": "1 KiB", "64k": "64 KiB", "1m": "1 MiB" };
const inFlight = [1, 16, 64, 256];
const subjects = { "prism-memstore": "through Prism", memstore: "the plugin alone" };

const [left, right, top, bottom] = [90, 700, 84, 420];

export function ratePlot({ comparisons }) {
  const lines = Object.keys(sizes).flatMap((size, index) =>
    Object.keys(subjects).map((subject) => ({ size, subject, index, points: pointsOf(comparisons, size, subject) })),
  );
  const ticks = decades(lines.flatMap(({ points }) => points.map(({ rate }) => rate)));
  const x = logScale([1, 256], [left, right]);
  const y = logScale([ticks[0], ticks.at(-1)], [bottom, top]);
  return picture({ width: 800, height: 480, title: "Gets per second: higher is better" }, [
    ...ticks.flatMap((tick) => [
      line({ x1: left, y1: y(tick), x2: right, y2: y(tick) }),
      text({ x: left - 8, y: y(tick) + 4, anchor: "end" }, grouped(tick)),
    ]),
    ...inFlight.map((calls) => text({ x: x(calls), y: bottom + 22, anchor: "middle" }, String(calls))),
    text({ x: (left + right) / 2, y: bottom + 46, anchor: "middle" }, "calls in flight (logarithmic)"),
    text({ x: 24, y: (top + bottom) / 2, anchor: "middle", turned: true }, "calls per second (logarithmic)"),
    ...lines.map(({ subject, index, points }) => drawn(points, { x, y, index, dashed: subject === "memstore" })),
    ...lines.filter(({ subject }) => subject !== "memstore").map((shown) => sizeLabel(shown, x, y)),
    ...legend(),
  ]);
}

function pointsOf(comparisons, size, subject) {
  return inFlight.map((calls) => {
    const comparison = comparisons.find(({ id }) => id === `get-${size}-c${calls}`);
    const { figures } = comparison.subjects.find(({ id }) => id === subject);
    return { calls, rate: mediansOf(figures).callsPerSecond };
  });
}

function drawn(points, { x, y, index, dashed }) {
  const path = points.map(({ calls, rate }) => `${x(calls)},${y(rate)}`).join(" ");
  const dashes = dashed ? ' stroke-dasharray="5 4"' : "";
  const dots = points.map(
    ({ calls, rate }) => `<circle cx="${x(calls)}" cy="${y(rate)}" r="3" fill="${colours[index]}"/>`,
  );
  return `<polyline points="${path}" fill="none" stroke="${colours[index]}" stroke-width="2"${dashes}/>${dots.join("")}`;
}

function sizeLabel({ size, points }, x, y) {
  const { calls, rate } = points.at(-1);
  return text({ x: x(calls) + 10, y: y(rate) + 4 }, sizes[size]);
}

function legend() {
  return Object.values(subjects).flatMap((name, index) => {
    const x = left + index * 190;
    const dashes = index === 1 ? ' stroke-dasharray="5 4"' : "";
    const sample = `<path d="M${x} 50h36" stroke="#222" stroke-width="2"${dashes}/>`;
    return [sample, text({ x: x + 44, y: 54 }, name)];
  });
}
