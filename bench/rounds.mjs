// One comparison: a warm-up that tells how many calls fill a round, then rounds in which each subject has its turn.
import { checkSubject } from "./checked-call.mjs";
import { openGenerator } from "./load/generator.mjs";
import { cpuUs, residentBytes } from "./processes.mjs";

/** Enough calls to guess a rate from, and for every caller to have some. */
const guessCallsPerCaller = 4;

/** The share of a round that warms a subject up: code is compiled and connections are made. */
const warmUpShare = 0.7;

/** Runs all rounds; answers per subject what each round saw. The first subject is there twice, the second time as `again`. */
export async function runComparison(comparison, running, { rounds, roundMs, cpus }) {
  const subjects = await running.only(comparison.subjects);
  const entrants = [];
  try {
    for (const subject of subjects) entrants.push(await entrantOf(subject, comparison, { roundMs, cpu: cpus.back }));
    const [first] = entrants;
    const turns = [...entrants, { ...first, id: "again", name: `${first.name}, again` }];
    const seen = turns.map(({ id, name }) => ({ id, name, rounds: [] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const [turn, entrant] of turns.entries()) seen[turn].rounds.push(await measured(entrant, comparison));
    }
    return seen;
  } finally {
    for (const { generator } of entrants) await generator.stop();
  }
}

/** A subject that answers what it must, is warm, and whose rounds have a size. */
async function entrantOf(subject, comparison, { roundMs, cpu }) {
  await (subject.check ?? ((checked) => checkSubject(subject, checked)))(comparison);
  const generator = await openGenerator(subject, comparison, cpu);
  const inFlight = comparison.connections * comparison.streams;
  const planned = ({ callsPerSecond }, ms) => Math.max(inFlight * 2, Math.round((callsPerSecond * ms) / 1000));
  const guess = await generator.run(inFlight * guessCallsPerCaller);
  const warm = await generator.run(planned(guess, roundMs * warmUpShare));
  return { ...subject, generator, calls: planned(warm, roundMs) };
}

/** One turn. CPU is counted per call, of a stream per message. */
async function measured({ processes, generator, calls }, { messagesPerCall = 1 }) {
  const { proxy = [], store = [], backend = [] } = processes;
  const groups = [proxy, store, backend];
  const before = groups.map(cpuUs);
  const { callsPerSecond, p50Us, p99Us } = await generator.run(calls);
  const [proxyCpuUs, storeCpuUs, backendCpuUs] = groups.map(
    (pids, index) => (cpuUs(pids) - before[index]) / (calls * messagesPerCall),
  );
  return {
    calls,
    callsPerSecond: callsPerSecond * messagesPerCall,
    ...{ p50Us, p99Us, proxyCpuUs, storeCpuUs, backendCpuUs },
    residentBytes: residentBytes([...proxy, ...store]),
  };
}
