// docs/performance.md, from the raw results.
import { judged } from "../targets.mjs";
import { markdownTable } from "./layout.mjs";
import { backendRows, codecRows, comparisonRows, overviewRows, restRows, targetRows } from "./rows.mjs";

const unitBytes = { b: 1, k: 1024, m: 1_048_576 };

/** The page for one run. */
export function performancePage({ environment, comparisons, codec }, backends) {
  const detailed = comparisons.filter(({ subjects }) => subjects.length > 3 && "callsPerSecond" in subjects[0].figures);
  return `# Performance

What Prism costs, beside what else one could put in the same place, measured in one run on one machine. \`make bench\` repeats it
and writes this page from the raw figures, [bench/results.json](../bench/results.json). Figures of one machine say little about
another; ratios of the same run say more.

${environmentText(environment)}

## What Prism is held to

*Must* is the yardstick, *aim* what is worked towards. Each figure is a ratio between two subjects in the same round and is shown as
the median over the rounds, with the lowest and the highest. *A/A* is how far two runs of the same Prism in the same round were
apart at worst: a difference below it means nothing.

${markdownTable(targetRows(judged(comparisons)))}
${absentText(comparisons)}
### What is missed, and why

- *1 MiB*: nearly all of the proxy's time is in \`read\` and \`writev\`, as nginx' is; on top come one copy of each value on its way through
  and a turn of Node.js' event loop for each 64 to 256 KiB. The copy lets all sockets share one read buffer; without it each connection
  would hold one of its own.
- *A grpc-js plugin behind Prism*: the plugin is the bottleneck, and here it shares a CPU with the generator of load, which it does not
  when it is called directly. nginx before the same plugin is beside it in the table below.
- *One call at a time*: a call crosses two sockets more; each costs a wake-up of a process, which is what one echo costs.
- *Start to ready*: two Node.js processes start one after the other, then the libraries' modules run: zod, yaml, execa, prom-client. The
  programs are bundled and what V8 made of them is kept ([ADR 0012](adr/0012-bundled-programs.md)): that took more than half away.
- *plugin-memstore at rest*: Node.js itself with an empty program holds about 45 MB of it.

![CPU per call of each proxy](performance-cpu.svg)

![Calls per second by calls in flight](performance-rate.svg)

## Side by side

${detailed.map((comparison) => `### ${comparison.title}\n\n${markdownTable(comparisonRows(comparison))}`).join("\n\n")}

## Every size and concurrency

Prism before memstore, h2c; beside it nginx before the same plugin, and the plugin without a proxy.

${markdownTable(overviewRows(bySize(comparisons)))}

${backends === undefined ? "" : backendsSection(backends)}## Messages

The four messages that nearly every call is made of are read and written by hand in the SDK
(\`packages/pattern-sdk/src/protocol/key-value/hot-codec.ts\`); values are views where they are read.

${markdownTable(codecRows(codec))}

## How it is measured

- Subjects have their turns in each round, ${environment.rounds} rounds of about ${environment.roundMs} ms each; Prism is first and last in each. Only one is under load at a time.
- The process that is called runs on one CPU; what is behind it and the generator of load share another.
- h2load makes the calls; a gRPC client checks before that the answers are right, and by their size they are checked to be whole.
  One comparison is made with a gRPC client that checks each answer.
- Every call has a deadline; Prism's metrics and supervision are on, access logs are off everywhere.
- CPU is what the kernel counted for all threads of a process (\`/proc/PID/task/*/schedstat\`), divided by the calls.
- nginx and Envoy have one worker and stand before the same plugin as Prism, whose credentials they add. nginx keeps its
  connections to it and holds whole values in memory; see [bench/subjects](../bench/subjects).
- memstore is the plugin written with the SDK; the grpc-js store is the smallest one written with @grpc/grpc-js, and Prism runs it
  unchanged as a \`command\` plugin.
- \`make bench ONLY=get-1k-c64 BENCH_ROUNDS=9\` measures a part and writes nothing; \`BENCH_ROUND_MS\`, \`BENCH_CPUS\` (\`0,1\`, or \`any\`)
  and \`DAPRD=PATH\` are the other settings. \`BASE=PATH\` measures another checkout, built, beside this one.
`;
}

/** The comparisons of key-value calls: Gets, then Sets, by size and then by calls in flight. */
function bySize(comparisons) {
  const found = comparisons.flatMap((comparison) => {
    const [, method, count, unit, inFlight] = /^(get|set)-(\d+)([bkm])-c(\d+)$/.exec(comparison.id) ?? [];
    if (method === undefined) return [];
    return [{ comparison, method, sizeBytes: Number(count) * unitBytes[unit], inFlight: Number(inFlight) }];
  });
  found.sort((a, b) => a.method.localeCompare(b.method) || a.sizeBytes - b.sizeBytes || a.inFlight - b.inFlight);
  return found.map(({ comparison }) => comparison);
}

function backendsSection({ environment, comparisons, rest }) {
  return `## Backends

Each cell of the [matrix](backends.md) through Prism, beside one Node.js process that does the same with the backend's driver and
nothing else, in a run of its own (\`make bench PART=backends\`). Calls of a stream are counted by message. *Ratio* is Prism's calls/s ÷
the driver's; *ratio per core* is the driver's CPU per call ÷ that of proxy and plugin together. The servers' CPU is not counted; they
share a CPU with the plugin and the load, as the driver alone does not. Pub-sub on NATS is core NATS here
(\`needs: [wildcards, groups]\`).

${environmentText(environment)}

${markdownTable(backendRows(comparisons))}

Writes of one call at a time wait for the disk or the broker in both; more at once are carried out together by the plugins (group
commit, one batch per partition), which a driver does not do by itself. Where Prism is slower, these are the reasons:

- *Calls one at a time, and calls whose own work is small*: a call crosses a proxy and a plugin, each with its share of HTTP/2 and, when
  nothing else is under way, a wake-up of its process. A Get of SQLite is a function call to its driver.
- *SQL*: a call has the session for itself, as new. Its time limit, its statement and the reset of its session go to PostgreSQL in one write
  and are three statements there, and the app's is parsed and planned each time: one that stays prepared would outlive the reset. The driver
  alone runs one prepared statement on sessions that keep what the last one left. SQLite's statements run in processes of their own, because
  only a process can be stopped from outside: a message there and one back for each, where the driver alone calls a function.
- *Reads of logs*: each record is taken from what its driver decoded and written into an answer, and its bytes cross two sockets more. The
  drivers alone drop what they have read; that of NATS does not even decode the headers, where Prism keeps a message's id.
- *Streams to Kafka, PostgreSQL and SQLite*: each message is a request with an id and an answer of its own, which tells where it is
  kept; the driver alone sends 1,000 payloads without ids as one list, and has one answer for all.

${markdownTable(restRows(rest))}

`;
}

function environmentText({ date, commit, command, rounds, roundMs, placement, machine, load, versions }) {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return markdownTable([
    ["run", `${date}, commit ${commit}, \`${command}\``],
    ["machine", machine],
    ["load of others", `${load.toFixed(1)} runnable processes on average in the minute before`],
    ["rounds", `${rounds} of ${roundMs} ms; called process on ${placement}`],
    ["versions", used.join(", ")],
  ]);
}

/** A peer that was not there is said, never left out in silence. */
function absentText(comparisons) {
  const isThere = comparisons.some(({ subjects }) => subjects.some(({ id }) => id === "daprd"));
  return isThere ? "" : "\ndaprd was not measured: no registry has its binary, and no path was given.\n";
}
