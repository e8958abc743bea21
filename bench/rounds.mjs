// One comparison: a warm-up that tells how many calls fill a round, then rounds in which each subject has its turn.
import { checkSubject } from "./checked-call.mjs";
import { h2load } from "./load/h2load.mjs";
import { cpuUs, residentBytes } from "./processes.mjs";

/** Enough calls to guess a rate from, and for every caller to have some. */
const guessCallsPerCaller = 16;

/** The share of a round that warms a subject up: code is compiled and connections are made. */
const warmUpShare = 0.5;

/** Runs all rounds; answers per subject what each round saw. The first subject is there twice, the second time as `again`. */
export async function runComparison(comparison, running, { rounds, roundMs, cpus }) {
  const subjects = await running.only(comparison.subjects);
  const turns = [...subjects, { ...subjects[0], id: "again", name: `${subjects[0].name}, again` }];
  const calls = new Map();
  for (const subject of subjects) {
    await checkSubject(subject, comparison);
    calls.set(subject.folder, await callsPerRound(subject, comparison, { roundMs, cpu: cpus.back }));
  }
  const seen = turns.map(({ id, name }) => ({ id, name, rounds: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [turn, subject] of turns.entries()) {
      seen[turn].rounds.push(await measured(subject, comparison, { calls: calls.get(subject.folder), cpu: cpus.back }));
    }
  }
  return seen;
}

async function callsPerRound(subject, comparison, { roundMs, cpu }) {
  const inFlight = comparison.connections * comparison.streams;
  const planned = ({ callsPerSecond }, ms) => Math.max(inFlight * 4, Math.round((callsPerSecond * ms) / 1000));
  const guess = await load(subject, comparison, { calls: inFlight * guessCallsPerCaller, cpu });
  const warm = await load(subject, comparison, { calls: planned(guess, roundMs * warmUpShare), cpu });
  return planned(warm, roundMs);
}

async function measured(subject, comparison, { calls, cpu }) {
  const { proxy = [], store = [], backend = [] } = subject.processes;
  const groups = { proxyCpuUs: proxy, storeCpuUs: store, backendCpuUs: backend };
  const before = Object.values(groups).map(cpuUs);
  const seen = await load(subject, comparison, { calls, cpu });
  const used = Object.values(groups).map((pids, index) => (cpuUs(pids) - before[index]) / calls);
  const cpu_ = Object.fromEntries(Object.keys(groups).map((name, index) => [name, used[index]]));
  return { ...seen, ...cpu_, residentBytes: residentBytes([...proxy, ...store]) };
}

function load(subject, { call, connections, streams }, { calls, cpu }) {
  const { endpoint, folder } = subject;
  return (subject.load ?? h2load)({ endpoint, call, connections, streams, calls, folder, cpu });
}
