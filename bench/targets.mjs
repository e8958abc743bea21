// What Prism is held to. Each figure is a ratio between two subjects in the same round; the median over the rounds counts.
import { median, noiseOf } from "./statistics.mjs";

const both = ({ proxyCpuUs, storeCpuUs }) => proxyCpuUs + storeCpuUs;
const proxy = ({ proxyCpuUs }) => proxyCpuUs;
const store = ({ storeCpuUs }) => storeCpuUs;
const rate = ({ callsPerSecond }) => callsPerSecond;

const targets = [
  {
    title: "calls/s ÷ those of a plain grpc-js proxy with the same store",
    ...{ comparison: "get-1k", left: ["prism-memstore", rate], right: ["grpc-js-proxy", rate], must: 10, aim: 20 },
  },
  {
    title: "proxy CPU per call ÷ nginx's before the same plugin",
    ...{ comparison: "get-1k", left: ["prism-memstore", proxy], right: ["nginx-memstore", proxy] },
    ...{ atMost: true, must: 0.35, aim: 0.15 },
  },
  {
    title: "proxy CPU per call ÷ Envoy's before the same plugin",
    ...{ comparison: "get-1k", left: ["prism-memstore", proxy], right: ["envoy-memstore", proxy] },
    ...{ atMost: true, must: 0.4, aim: 0.2 },
  },
  {
    title: "proxy and plugin CPU ÷ a grpc-js plugin's alone, without a proxy",
    ...{ comparison: "get-1k", left: ["prism-memstore", both], right: ["grpc-js", store] },
    ...{ atMost: true, must: 0.4, aim: 0.2 },
  },
  {
    title: "calls/s with an unmodified grpc-js plugin ÷ those of that plugin alone",
    ...{ comparison: "get-1k", left: ["prism-grpc-js", rate], right: ["grpc-js", rate], must: 0.9, aim: 1 },
  },
];

/** The targets whose comparison was run, each with what was measured, its noise and its verdict. */
export function judged(results) {
  return targets.flatMap((target) => {
    const comparison = results.find(({ id }) => id === target.comparison);
    return comparison === undefined ? [] : [judge(target, comparison)];
  });
}

function judge({ title, left, right, must, aim, atMost = false }, { subjects }) {
  const roundsOf = (id) => subjects.find((subject) => subject.id === id).rounds;
  const ratios = (above, below) =>
    roundsOf(above[0]).map((seen, round) => above[1](seen) / below[1](roundsOf(below[0])[round]));
  const measured = median(ratios(left, right));
  const noise = noiseOf(ratios([subjects[0].id, left[1]], ["again", left[1]]));
  const reaches = (bound) => (atMost ? measured <= bound : measured >= bound);
  const verdict = reaches(aim) ? "aim" : reaches(must) ? "must" : "MISSED";
  return { title, sign: atMost ? "≤" : "≥", must, aim, measured, noise, verdict };
}
