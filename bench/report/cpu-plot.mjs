// docs/performance-cpu.svg: what each proxy costs per call before the same plugin.
import { mediansOf } from "./rows.mjs";
import { bar, colours, decades, grouped, line, logScale, picture, text } from "./svg.mjs";

const shown = ["get-1k-c64", "set-1k-c64", "get-64k-c16", "set-64k-c16", "get-1m-c16", "set-1m-c16"];
const proxies = { "prism-memstore": "Prism", "nginx-memstore": "nginx", "envoy-memstore": "Envoy" };

const left = 190;
const right = 720;
const top = 74;
const barHeight = 16;
const groupHeight = 66;

export function cpuPlot({ comparisons }) {
  const groups = shown.map((shownId) => comparisons.find(({ id }) => id === shownId)).map(groupOf);
  const ticks = decades(groups.flatMap(({ bars }) => bars.map(({ cpuUs }) => cpuUs)));
  const x = logScale([ticks[0], ticks.at(-1)], [left, right]);
  const bottom = top + groups.length * groupHeight;
  const title = "CPU of the proxy per call before the same plugin: shorter is better";
  return picture({ width: 800, height: bottom + 56, title }, [
    ...legend(),
    ...ticks.flatMap((tick) => axisTick(x(tick), tick, bottom)),
    text({ x: (left + right) / 2, y: bottom + 42, anchor: "middle" }, "µs of CPU per call (logarithmic)"),
    ...groups.flatMap((group, index) => drawnGroup(group, top + index * groupHeight, x)),
  ]);
}

function groupOf({ title, subjects }) {
  const bars = Object.keys(proxies).map((proxy) => {
    const { figures } = subjects.find(({ id }) => id === proxy);
    return { cpuUs: mediansOf(figures).proxyCpuUs };
  });
  return { title, bars };
}

function legend() {
  return Object.values(proxies).flatMap((name, index) => {
    const x = left + index * 110;
    return [bar({ x, y: 44, width: 14, height: 14, colour: colours[index] }), text({ x: x + 20, y: 56 }, name)];
  });
}

function axisTick(x, tick, bottom) {
  const label = text({ x, y: bottom + 20, anchor: "middle" }, grouped(tick));
  return [line({ x1: x, y1: top - 6, x2: x, y2: bottom }), label];
}

function drawnGroup({ title, bars }, y, x) {
  const label = text({ x: left - 12, y: y + 30, anchor: "end" }, title);
  const drawn = bars.flatMap(({ cpuUs }, index) => {
    const barTop = y + index * (barHeight + 2);
    const end = x(cpuUs);
    return [
      bar({ x: left, y: barTop, width: end - left, height: barHeight, colour: colours[index] }),
      text({ x: end + 6, y: barTop + 13, size: 12 }, grouped(cpuUs)),
    ];
  });
  return [label, ...drawn];
}
