import { backendOf } from "../acceptance/admin-client.ts";
import { eventually } from "../acceptance/eventually.ts";
import { type Fault, pluginFault, serverFaults } from "./faults.ts";
import { nowMs } from "./history.ts";
import type { Lane } from "./lane.ts";
import type { Load } from "./load.ts";
import { type Site, TestSite } from "./site.ts";
import type { Pattern, TestedBackend } from "./tested-backends.ts";
import type { Finding, Verdict } from "./verdict.ts";

/** What one kind of fault did to one pattern on one backend, in all its rounds. */
export interface TrialRow {
  readonly backend: string;
  readonly pattern: Pattern;
  readonly fault: string;
  readonly rounds: number;
  /** Writes, messages or records that were acknowledged from a strike to the next. */
  readonly acknowledged: number;
  /** Calls whose outcome the app was not told. */
  readonly unanswered: number;
  /** Left out: nothing is promised. */
  readonly lost?: readonly string[];
  readonly duplicated: number;
  readonly wrong: readonly string[];
  /** For each round and part of an app: how long after the return of everything it got on. */
  readonly recoveriesMs: readonly number[];
  readonly recoversWithinMs: number;
  readonly longestCallMs: number;
}

export interface Trial {
  readonly rows: readonly TrialRow[];
  /** Processes of the plugin that were started in the place of another. */
  readonly restarts: number;
  /** How many of them the faults account for. */
  readonly kills: number;
}

/** One strike, and how long it counted. */
interface Strike {
  readonly fault: Fault<Site> | Fault;
  readonly startMs: number;
  readonly recoveriesMs: ReadonlyMap<Lane, number>;
}

const defaultRecoversWithinMs = 2_000;

/** Nothing is asserted here: a bound, after which there is no use in waiting. */
const recoveryAwaitedMs = 60_000;
const steadyWithinMs = 60_000;

/** What each part of an app gets done between two strikes: in one round as little as shows that it gets on. */
const successesPerStrike = { once: 4, often: 10 } as const;

/** Uses all patterns of a backend at once, strikes it with every fault that it can meet, so many rounds, and judges what the apps saw. */
export async function tryBackend(backend: TestedBackend, rounds: number): Promise<Trial> {
  await using site = await TestSite.start(backend);
  const successes = successesPerStrike[rounds === 1 ? "once" : "often"];
  await using running = new RunningLoads(await site.startLoads(), successes);
  const faults = strikesOn(site);
  const strikes: Strike[] = [];
  let kills = 0;
  let owedSinceMs = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { fault, strike } of faults) {
      await running.steady();
      const startMs = nowMs();
      const backMs = await strike();
      if (fault === pluginFault) kills += 1;
      if (fault === pluginFault && backend.isForgetful) owedSinceMs = backMs;
      strikes.push({ fault, startMs, recoveriesMs: await running.recoveries(backMs) });
    }
  }
  await running.steady();
  const { restarts } = await backendOf(site.admin, backend.name);
  const rows: TrialRow[] = [];
  for (const [pattern, load] of running.loads) {
    const verdict = await load.finish(owedSinceMs);
    const about = { backend: backend.name, pattern, rounds };
    const usualMs = backend.recoversWithinMs ?? defaultRecoversWithinMs;
    for (const { fault } of faults) {
      const recoversWithinMs = Math.max(fault.recoversWithinMs ?? 0, usualMs);
      rows.push({ ...about, fault: fault.name, recoversWithinMs, ...figures(fault, strikes, load, verdict) });
    }
  }
  return { rows, restarts, kills };
}

/** Everything that can strike it. */
function strikesOn({ admin, backend, serving }: TestSite) {
  const site = { admin, backend };
  const own = { fault: pluginFault as Fault<Site> | Fault, strike: () => pluginFault.strike(site) };
  if (serving === undefined) return [own];
  return [own, ...serverFaults.map((fault) => ({ fault, strike: () => fault.strike({ ...site, ...serving }) }))];
}

class RunningLoads implements AsyncDisposable {
  readonly loads: readonly (readonly [Pattern, Load])[];
  readonly #successes: number;

  /** `successes`: what each part of an app has to get done to be steady. */
  constructor(loads: readonly (readonly [Pattern, Load])[], successes: number) {
    this.loads = loads;
    this.#successes = successes;
  }

  /** Waits until every part of every app has done something worth a strike since now. */
  async steady(): Promise<void> {
    for (const [pattern, lane, before] of this.#lanes().map(
      ([pattern, lane]) => [pattern, lane, lane.successesMs.length] as const,
    )) {
      const what = `the ${lane.name} of ${pattern} gets on: ${JSON.stringify([...lane.failures])}`;
      await eventually(what, steadyWithinMs, () => lane.successesMs.length >= before + this.#successes);
    }
  }

  async recoveries(backMs: number): Promise<ReadonlyMap<Lane, number>> {
    const all = new Map<Lane, number>();
    for (const [pattern, lane] of this.#lanes()) {
      const what = `the ${lane.name} of ${pattern} is back: ${JSON.stringify([...lane.failures])}`;
      all.set(lane, await eventually(what, recoveryAwaitedMs, () => lane.recoveryMs(backMs)));
    }
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [, load] of this.loads) await load[Symbol.asyncDispose]();
  }

  #lanes(): [Pattern, Lane][] {
    return this.loads.flatMap(([pattern, { lanes }]) => lanes.map((lane): [Pattern, Lane] => [pattern, lane]));
  }
}

function figures(fault: Strike["fault"], strikes: readonly Strike[], load: Load, verdict: Verdict) {
  const own = (atMs: number) => strikes.findLast(({ startMs }) => startMs <= atMs)?.fault === fault;
  const found = (findings: readonly Finding[]) => findings.filter(({ atMs }) => own(atMs));
  const { lanes } = load;
  const calls = lanes.flatMap((lane) => lane.calls).filter(({ startMs }) => own(startMs));
  return {
    acknowledged: found(verdict.acknowledged).length,
    unanswered: calls.filter(({ isAnswered }) => !isAnswered).length,
    ...(verdict.lost && { lost: found(verdict.lost).map(({ what }) => what) }),
    duplicated: found(verdict.duplicated).length,
    wrong: found(verdict.wrong).map(({ what }) => what),
    recoveriesMs: strikes
      .filter((strike) => strike.fault === fault)
      .flatMap(({ recoveriesMs }) => lanes.map((lane) => recoveriesMs.get(lane) ?? Number.NaN)),
    longestCallMs: Math.max(0, ...calls.map(({ tookMs }) => tookMs)),
  };
}
