import { writeFileSync } from "node:fs";
import { env } from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { type FigureRow, figureRow, figureTable } from "./figures.ts";
import { callTimeoutMs } from "./lane.ts";
import { testedBackends } from "./tested-backends.ts";
import { tryBackend } from "./trial.ts";

/** How often each fault strikes. More than one makes a long run, in which backends take turns so that their figures mean something. */
const rounds = Number(env.RELIABILITY_ROUNDS ?? 1);

/**
 * One round, in which backends are tried at the same time on a machine that may do more besides, shows that all come back by themselves;
 * how soon, the long run shows.
 */
const isShort = rounds === 1;

/** What a call may take beyond its deadline on a machine with few cores that does much at once. */
const lateMs = isShort ? 5_000 : 1_500;

const trialMs = 240_000 + rounds * 90_000;

const all: FigureRow[] = [];

describe("under load, with every fault, nothing is lost and everything is back in time", {
  concurrent: isShort,
}, () => {
  test.each(testedBackends)("on $name", { timeout: trialMs }, async (backend) => {
    const { rows, restarts, kills } = await tryBackend(backend, rounds);
    all.push(...rows.map(figureRow));
    for (const { pattern, fault, lost, wrong, acknowledged, recoveriesMs, recoversWithinMs, longestCallMs } of rows) {
      const what = `${backend.name}, ${pattern}, ${fault}`;
      expect(lost ?? [], what).toEqual([]);
      expect(wrong, what).toEqual([]);
      expect(acknowledged, what).toBeGreaterThan(0);
      expect(longestCallMs, `${what}: ms of the longest call`).toBeLessThan(callTimeoutMs + lateMs);
      if (isShort) continue;
      expect(Math.max(...recoveriesMs), `${what}: ms to recover`).toBeLessThan(recoversWithinMs);
    }
    expect(restarts, "restarts of the plugin, which server and network never cause").toBe(kills);
  });
});

afterAll(() => {
  const order = testedBackends.map(({ name }) => name);
  all.sort((a, b) => order.indexOf(a.backend) - order.indexOf(b.backend));
  process.stdout.write(`\n${figureTable(all)}\n`);
  if (env.RELIABILITY_RESULTS) writeFileSync(env.RELIABILITY_RESULTS, JSON.stringify(all));
});
