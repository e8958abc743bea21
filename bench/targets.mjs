// What Prism is held to: mostly ratios between two subjects in the same round, of which the median over the rounds counts.
import { median, noiseOf, recordsOf } from "./statistics.mjs";

/** A comparison's figures of one round, by subject, are `of(id)`. `noise` names the figure that tells how steady they are. */
const targets = [
  {
    title: "calls/s ÷ a plain grpc-js proxy's with the same store",
    ...{ comparison: "get-1k-c64", noise: "callsPerSecond", must: 10, aim: 20 },
    measure: (of) => of("prism-memstore").callsPerSecond / of("grpc-js-proxy").callsPerSecond,
  },
  atMost("proxy CPU per call ÷ nginx's before the same plugin", {
    ...{ comparison: "get-1k-c64", noise: "proxyCpuUs", must: 0.35, aim: 0.15 },
    measure: (of) => of("prism-memstore").proxyCpuUs / of("nginx-memstore").proxyCpuUs,
  }),
  atMost("proxy CPU per call ÷ Envoy's before the same plugin", {
    ...{ comparison: "get-1k-c64", noise: "proxyCpuUs", must: 0.4, aim: 0.2 },
    measure: (of) => of("prism-memstore").proxyCpuUs / of("envoy-memstore").proxyCpuUs,
  }),
  atMost("proxy and plugin CPU per call ÷ a grpc-js plugin's alone, without a proxy", {
    ...{ comparison: "get-1k-c64", noise: "proxyCpuUs", must: 0.4, aim: 0.2 },
    measure: (of) => servingCpuUs(of("prism-memstore")) / servingCpuUs(of("grpc-js")),
  }),
  {
    title: "calls/s with an unmodified grpc-js plugin ÷ that plugin's alone",
    ...{ comparison: "get-1k-c64", noise: "callsPerSecond", must: 0.9, aim: 1 },
    measure: (of) => of("prism-grpc-js").callsPerSecond / of("grpc-js").callsPerSecond,
  },
  {
    title: "calls/s of memstore ÷ Redis' by redis-benchmark GET, without pipelining",
    ...{ comparison: "get-1k-c64", noise: "callsPerSecond", must: 0.45, aim: 0.6 },
    measure: (of) => of("prism-memstore").callsPerSecond / of("redis").callsPerSecond,
  },
  atMost("proxy and plugin-redis CPU per call ÷ daprd's for GetState on Redis", {
    ...{ comparison: "redis-get-1k-c64", noise: "proxyCpuUs", must: 0.6, aim: 0.35 },
    measure: (of) => servingCpuUs(of("prism-redis")) / servingCpuUs(of("daprd")),
  }),
  atMost("proxy and plugin-redis CPU per call ÷ ioredis' alone in one process", {
    ...{ comparison: "redis-get-1k-c64", noise: "proxyCpuUs", must: 3.5, aim: 2.5 },
    measure: (of) => servingCpuUs(of("prism-redis")) / servingCpuUs(of("ioredis")),
  }),
  atMost("64 KiB Get, 16 in flight: proxy CPU per call ÷ nginx's", {
    ...{ comparison: "get-64k-c16", noise: "proxyCpuUs", must: 0.9, aim: 0.5 },
    measure: (of) => of("prism-memstore").proxyCpuUs / of("nginx-memstore").proxyCpuUs,
  }),
  ...["get", "set"].flatMap((method) => {
    const title = `1 MiB ${method === "get" ? "Get" : "Set"}, 16 in flight:`;
    const comparison = `${method}-1m-c16`;
    return [
      {
        title: `${title} bytes/s ÷ nginx's`,
        ...{ comparison, noise: "callsPerSecond", must: 1, aim: 1.3 },
        measure: (of) => of("prism-memstore").callsPerSecond / of("nginx-memstore").callsPerSecond,
      },
      atMost(`${title} proxy CPU per call ÷ nginx's`, {
        ...{ comparison, noise: "proxyCpuUs", must: 1.2, aim: 0.8 },
        measure: (of) => of("prism-memstore").proxyCpuUs / of("nginx-memstore").proxyCpuUs,
      }),
    ];
  }),
  atMost("proxy CPU per call with 10,000 namespaces ÷ with one", {
    ...{ comparison: "namespaces-10000", noise: "proxyCpuUs", must: 1.05, aim: 1.02 },
    measure: (of) => of("prism-namespaces").proxyCpuUs / of("prism-memstore").proxyCpuUs,
  }),
  atMost("p99 beside a namespace at ten times its limit ÷ alone", {
    ...{ comparison: "fairness", noise: "p99Us", must: 1.2, aim: 1.1 },
    measure: (of) => of("prism-tenants").p99Us / of("prism-tenants").aloneP99Us,
  }),
  atMost("one call at a time: p50 that the proxy adds ÷ an echo's round trip over a Unix socket in Node", {
    ...{ comparison: "get-1k-c1", noise: "p50Us", must: 2.5, aim: 1.5 },
    measure: (of) => (of("prism-memstore").p50Us - of("memstore").p50Us) / of("echo").p50Us,
  }),
  ...["same", "other"].map((where) =>
    atMost(`Get 100 B beside 1 MiB calls on ${where === "same" ? "the same" : "another"} connection: p99 ÷ p99 alone`, {
      ...{ comparison: `mixed-${where}`, noise: "p99Us", must: 1.5, aim: 1.2 },
      measure: (of) => of("prism-memstore").p99Us / of("prism-memstore").aloneP99Us,
    }),
  ),
  atMost("TLS: proxy CPU per call ÷ nginx's with TLS", {
    ...{ comparison: "tls-get-1k-c64", noise: "proxyCpuUs", must: 0.5, aim: 0.25 },
    measure: (of) => of("prism-tls").proxyCpuUs / of("nginx-tls").proxyCpuUs,
  }),
  atMost("server stream of 100 B messages: proxy CPU per message, µs", {
    ...{ comparison: "stream-100b-c16", noise: "proxyCpuUs", must: 1.5, aim: 0.5 },
    measure: (of) => of("prism-messages").proxyCpuUs,
  }),
  atMost("idle memory of the proxy, MB", {
    ...{ comparison: "start", must: 90, aim: 70 },
    measure: (of) => of("prism").proxyBytes / 1e6,
  }),
  atMost("idle memory of plugin-memstore, MB", {
    ...{ comparison: "start", must: 65, aim: 50 },
    measure: (of) => of("prism").pluginBytes / 1e6,
  }),
  atMost("start to ready with two plugins, ms", {
    ...{ comparison: "start", must: 500, aim: 250 },
    measure: (of) => of("prism").readyMs,
  }),
];

/** The targets whose subjects were measured, each with the figure, its noise and its verdict. */
export function judged(comparisons) {
  return targets.flatMap((target) => {
    const comparison = comparisons.find(({ id }) => id === target.comparison);
    const figures = comparison === undefined ? [] : figuresOf(target, comparison);
    return figures.length === 0
      ? []
      : [{ ...target, ...verdictOf(target, figures), noise: noiseIn(target, comparison) }];
  });
}

function atMost(title, target) {
  return { title, atMost: true, ...target };
}

function servingCpuUs({ proxyCpuUs, storeCpuUs }) {
  return proxyCpuUs + storeCpuUs;
}

/** One per round; none when a subject was not there. */
function figuresOf({ measure }, { subjects }) {
  const rounds = Object.fromEntries(subjects.map(({ id, figures }) => [id, recordsOf(figures)]));
  const absent = new Error("a subject was not measured");
  const inRound = (round) => (id) => {
    if (rounds[id] === undefined) throw absent;
    return rounds[id][round];
  };
  try {
    return rounds[subjects[0].id].map((_, round) => measure(inRound(round)));
  } catch (error) {
    if (error === absent) return [];
    throw error;
  }
}

function verdictOf({ must, aim, atMost: isCeiling = false }, figures) {
  const measured = median(figures);
  const reaches = (bound) => (isCeiling ? measured <= bound : measured >= bound);
  const verdict = reaches(aim) ? "aim" : reaches(must) ? "must" : "missed";
  return { measured, lowest: Math.min(...figures), highest: Math.max(...figures), verdict };
}

/** How far the two runs of the first subject were apart in the worst round. */
function noiseIn({ noise }, { subjects }) {
  const again = subjects.find(({ id }) => id === "again");
  if (again === undefined) return undefined;
  return noiseOf(again.figures[noise].map((figure, round) => figure / subjects[0].figures[noise][round]));
}
