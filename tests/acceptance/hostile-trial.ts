import type { AttackOutcome } from "./attacker/attack.ts";
import type { AttackerProcess } from "./attacker-process.ts";
import { peakMemoryMib } from "./peak-memory.ts";
import type { PrismProcess } from "./prism-process.ts";
import type { SteadyLoad, Window } from "./steady-load.ts";

/** What an honest client keeps of its rate, by the medians of windows that alternate. */
export const rateKept = 0.8;

const windowMs = 250;
/** A machine that is busy with other things gets more. */
const rounds = { least: 3, most: 24 };

export interface Trial {
  readonly outcomes: readonly AttackOutcome[];
  /** The honest client's rate under attack, as a part of its rate alone. */
  readonly ratio: number;
}

/** Attacks with an honest client calling, which calls alone in between, until the medians of its rates tell enough. */
export async function withstand(
  attack: string,
  { prism, load, attacker }: { prism: PrismProcess; load: SteadyLoad; attacker: AttackerProcess },
): Promise<Trial> {
  const alone: Window[] = [];
  const attacked: Window[] = [];
  const outcomes: AttackOutcome[] = [];
  let ratio = 0;
  while (alone.length < rounds.least || (ratio < rateKept && alone.length < rounds.most)) {
    alone.push(await load.callFor(windowMs));
    let isOver = false;
    const ended = attacker.attackFor(attack, windowMs).finally(() => {
      isOver = true;
    });
    do attacked.push(await load.callFor(windowMs));
    while (!isOver);
    outcomes.push(...(await ended));
    ratio = median(attacked, "callsPerSecond") / median(alone, "callsPerSecond");
  }
  const p99 = `p99 ${median(alone, "p99Ms").toFixed(1)} ms alone, ${median(attacked, "p99Ms").toFixed(1)} ms attacked`;
  const memory = `peak ${peakMemoryMib(prism.pid).toFixed(0)} MiB`;
  process.stdout.write(`${attack}: ${outcomes.length} connections, rate × ${ratio.toFixed(2)}, ${p99}, ${memory}\n`);
  return { outcomes, ratio };
}

function median(windows: readonly Window[], figure: keyof Window): number {
  const sorted = windows.map((window) => window[figure]).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
