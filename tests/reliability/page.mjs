// docs/reliability.md, from the raw results.
import { markdownTable } from "../../bench/report/layout.mjs";

/** The page for one long run. */
export function reliabilityPage({ about, faults, models }) {
  return `# Reliability

What apps saw while everything around them failed, in one long run on one machine. \`make reliability\` repeats it and writes this page
from the raw figures, [tests/reliability/results.json](../tests/reliability/results.json).

${markdownTable([
  ["run", `${about.date}, commit ${about.commit}`],
  ["machine", about.machine],
  ["faults", `${about.rounds} rounds`],
  ["models", `${about.steps.toLocaleString("en")} steps a case, PRISM_MODEL_SEED=${about.seed}`],
])}

## Faults

Apps use all patterns of a backend at once, through the proxy as it ships, while its plugin, its server and the network between
them are struck. Afterwards the whole history of what each app was told is judged:

- **key-value**: each key behaves as one register that is read, written, removed and compared and set, each at one instant of its
  call; [Porcupine](https://github.com/anishathalye/porcupine) judges that. *Lost* counts the keys whose history says otherwise.
- **queue**: each accepted message is handled; none ever has two owners, and none comes again after its acknowledgement was accepted.
- **stream**: each accepted record is where the answer said, once, in the order of its producer; a group is given every record, and
  none again that was durably committed before a member joined.
- **pub-sub**: a group handles each accepted message; a subscription without a group gets none twice, and those of one publisher in
  order; what it may miss is not counted.
- **relational**: transactions move money step by step and in batches, some are given up; each audit sees whole transfers and balances
  that are their sums, nothing that was given up, and all that was committed or seen before. *Lost* counts committed transfers.

*Wrong* counts what must never be; a run with one fails. *Duplicated* is what was delivered again, which at least once allows.
*Unanswered* are calls that ended with UNAVAILABLE or DEADLINE_EXCEEDED: nobody was told what became of them. *Recovery* is how long after
the return of server or network each part of an app first got what it asked for (after \`kill -9\` of the plugin: since its death;
delay and slices: since they began). The longest call is to be no longer than its deadline, 2 s, and what a busy machine adds.
What memstore held before its last crash is gone, as it declares, and nobody is owed it. No fault of server or network ended a plugin's process.

${markdownTable([
  [
    "backend",
    "pattern",
    "fault",
    "acknowledged",
    "unanswered",
    "lost",
    "wrong",
    "duplicated",
    "recovery p50",
    "p99",
    "longest call",
  ],
  ...faults.map(faultRow),
])}

## Models

Random calls beside a plain model of the pattern that says what each must answer, in each plugin's conformance suite.

${markdownTable([["backend", "case", "result"], ...models.map(modelRow)])}
`;
}

function faultRow(row) {
  const counts = [row.acknowledged, row.unanswered, row.lost, row.wrong, row.duplicated];
  const times = [row.recoveryP50Ms, row.recoveryP99Ms, row.longestCallMs];
  const about = [row.backend, row.pattern, row.fault];
  return [
    ...about,
    ...counts.map((count) => (count ?? "–").toLocaleString("en")),
    ...times.map((ms) => `${ms.toLocaleString("en")} ms`),
  ];
}

function modelRow({ backend, case: name, passed }) {
  return [backend, name, passed ? "passed" : "FAILED"];
}
