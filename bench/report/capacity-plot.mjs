// docs/capacity.svg: a load that rises and falls, and what the proxy makes of it.
import { colours, grouped, line, picture, text } from "./svg.mjs";

const [left, right, top, bottom] = [90, 700, 84, 420];

/** Lines of the left scale, and of the right one. */
const tickCount = 5;

export function capacityPlot({ samples }) {
  const seconds = samples.length;
  const recordsMax = ceiling(Math.max(...samples.map(({ accepted }) => accepted)));
  const partitionsMax = tickCount * Math.ceil(Math.max(...samples.map(({ partitions }) => partitions)) / tickCount);
  const x = (second) => Math.round(left + (second / seconds) * (right - left));
  const y = (part) => Math.round(bottom - part * (bottom - top));
  const ticks = Array.from({ length: tickCount + 1 }, (_, index) => index / tickCount);
  return picture({ width: 800, height: 480, title: "A load that rises and falls, and the partitions that it gets" }, [
    ...ticks.flatMap((part) => [
      line({ x1: left, y1: y(part), x2: right, y2: y(part) }),
      text({ x: left - 8, y: y(part) + 4, anchor: "end" }, grouped(part * recordsMax)),
      text({ x: right + 8, y: y(part) + 4 }, String(part * partitionsMax)),
    ]),
    ...Array.from({ length: Math.floor(seconds / 10) + 1 }, (_, index) =>
      text({ x: x(index * 10), y: bottom + 22, anchor: "middle" }, String(index * 10)),
    ),
    text({ x: (left + right) / 2, y: bottom + 46, anchor: "middle" }, "seconds"),
    text({ x: 24, y: (top + bottom) / 2, anchor: "middle", turned: true }, "records per second"),
    text({ x: 760, y: (top + bottom) / 2, anchor: "middle", turned: true }, "partitions"),
    polyline(
      samples.map(({ second, accepted }) => [x(second + 0.5), y(accepted / recordsMax)]),
      colours[0],
    ),
    polyline(
      stairs(samples, x, (partitions) => y(partitions / partitionsMax)),
      colours[1],
    ),
    ...legend(),
  ]);
}

/** A count holds until it changes. */
function stairs(samples, x, y) {
  return samples.flatMap(({ second, partitions }) => [
    [x(second), y(partitions)],
    [x(second + 1), y(partitions)],
  ]);
}

function polyline(points, colour) {
  const path = points.map((point) => point.join(",")).join(" ");
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
}

function legend() {
  return ["records accepted", "partitions"].flatMap((name, index) => {
    const x = left + index * 190;
    return [`<path d="M${x} 50h36" stroke="${colours[index]}" stroke-width="2"/>`, text({ x: x + 44, y: 54 }, name)];
  });
}

/** The next round number that can be divided by the lines. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return Math.ceil(value / power) * power;
}
