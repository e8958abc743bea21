// One comparison: a warm-up that tells how many calls fill a round, then rounds in which each subject has its turn.
import { checkSubject } from "./checked-call.mjs";
import { openGenerator } from "./load/generator.mjs";
import { cpuUs, residentBytes } from "./processes.mjs";
import { columnsOf } from "./statistics.mjs";

/** Enough calls to guess a rate from. More would take long with the largest values. */
const guessCallsMin = 16;

/** After so many calls the code on their way is compiled; a slow subject gets no more time for them than some rounds take. */
const warmUpCalls = 20_000;
const warmUpRoundsMax = 3;

/** A rate that few calls told is not trusted with many more at once: sixteen may all be answered in one turn. */
const growthMax = 16;

/** Runs all rounds; answers per subject what each round saw. */
export async function runComparison(comparison, running, { rounds, roundMs, cpus }) {
  const subjects = await running.only(comparison.subjects);
  const entrants = [];
  try {
    for (const subject of subjects) entrants.push(await entrantOf(subject, comparison, { roundMs, cpu: cpus.back }));
    const turns = comparison.repeatsFirst ? [...entrants, again(entrants[0])] : entrants;
    const seen = turns.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [turn, entrant] of turns.entries()) seen[turn].push(await measured(entrant, comparison));
    }
    return turns.map(({ id, name }, turn) => ({ id, name, figures: columnsOf(seen[turn]) }));
  } finally {
    for (const { generator } of entrants) await generator.stop();
  }
}

/** The first subject once more, as the last of each round: what the two differ by is the noise. */
function again(entrant) {
  return { ...entrant, id: "again", name: `${entrant.name}, again` };
}

/** A subject that answers what it must, is warm, and whose rounds have a size. */
async function entrantOf(subject, comparison, { roundMs, cpu }) {
  await (subject.check ?? ((checked) => checkSubject(subject, checked)))(comparison);
  const generator = await openGenerator(subject, comparison, cpu);
  const inFlight = comparison.connections * comparison.streams;
  const callsIn = ({ callsPerSecond, calls }, ms) =>
    Math.max(inFlight, Math.min(calls * growthMax, Math.round((callsPerSecond * ms) / 1000)));
  let seen = await generator.run(Math.max(inFlight, guessCallsMin));
  const endsAt = performance.now() + roundMs * warmUpRoundsMax;
  for (let left = warmUpCalls; left > 0 && performance.now() < endsAt; left -= seen.calls) {
    seen = await generator.run(callsIn(seen, roundMs / 2));
  }
  return { ...subject, generator, calls: callsIn(seen, roundMs) };
}

/** One turn. CPU is counted per call, of a stream per message. */
async function measured({ processes, generator, calls }, { messagesPerCall = 1 }) {
  const { proxy = [], store = [], backend = [] } = processes;
  const groups = [proxy, store, backend];
  const before = groups.map(cpuUs);
  const { callsPerSecond, ...latencies } = await generator.run(calls);
  const [proxyCpuUs, storeCpuUs, backendCpuUs] = groups.map(
    (pids, index) => (cpuUs(pids) - before[index]) / (calls * messagesPerCall),
  );
  return {
    calls,
    callsPerSecond: callsPerSecond * messagesPerCall,
    ...latencies,
    ...{ proxyCpuUs, storeCpuUs, backendCpuUs },
    residentBytes: residentBytes([...proxy, ...store]),
  };
}
