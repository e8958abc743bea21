import { afterAll, beforeAll, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { type MixedLoad, type MixedWindow, startMixedLoad } from "./mixed-load-process.ts";
import { PrismProcess } from "./prism-process.ts";

/** By how much large neighbours may lengthen the 99th percentile of small calls, by the medians of windows that alternate. */
const ratioMax = 1.5;
/** 250 small calls. */
const windowMs = 1_000;
const warmUpMs = 3_000;
/** A machine that is busy with other things gets more. */
const rounds = { least: 5, most: 60 };

let prism: PrismProcess;
let another: PrismProcess;
let load: MixedLoad;
beforeAll(async () => {
  const config = configOf([memory]);
  prism = await PrismProcess.start({ config });
  another = await PrismProcess.start({ config });
  load = startMixedLoad(namespaceOn(memory), { here: prism.listen, elsewhere: another.listen });
  for (const neighbours of ["same", "elsewhere"] as const) await load.callFor(warmUpMs, neighbours);
});
afterAll(async () => {
  await load?.[Symbol.asyncDispose]();
  await another?.[Symbol.asyncDispose]();
  await prism?.[Symbol.asyncDispose]();
});

// Neighbours of another Prism take the same share of the cores: what is left is what small calls wait for large ones of their own.
test.each([
  ["the same connection", "same"],
  ["another connection", "other"],
] as const)(
  "small calls wait little for calls of 1 MiB on %s: hardly longer than beside as many of another Prism",
  async (_, neighbours) => {
    const apart: MixedWindow[] = [];
    const beside: MixedWindow[] = [];
    const ratio = () => p99Of(beside) / p99Of(apart);
    while (beside.length < rounds.least || (ratio() > ratioMax && beside.length < rounds.most)) {
      apart.push(await load.callFor(windowMs, "elsewhere"));
      beside.push(await load.callFor(windowMs, neighbours));
    }
    const texts = [apart, beside].map((windows) => p99Of(windows).toFixed(1));
    process.stdout.write(`p99 ${texts[0]} ms beside another Prism's large calls, ${texts[1]} beside its own\n`);
    expect(beside.reduce((sum, { neighbourCalls }) => sum + neighbourCalls, 0)).toBeGreaterThan(20 * beside.length);
    expect(ratio()).toBeLessThanOrEqual(ratioMax);
  },
  2 * rounds.most * 2 * windowMs + 60_000,
);

function p99Of(windows: readonly MixedWindow[]): number {
  const sorted = windows.map(({ p99Ms }) => p99Ms).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
