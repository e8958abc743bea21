import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackerProcess, startAttacker } from "./attacker-process.ts";
import { rateKept, withstand } from "./hostile-trial.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { forgetPeakMemory, peakMemoryMib } from "./peak-memory.ts";
import { PrismProcess } from "./prism-process.ts";
import { SteadyLoad } from "./steady-load.ts";

/** After some calls the proxy has about 130 MiB in RAM. None of these attacks adds more than its heap's ups and downs. */
const peakMemoryMibMax = 320;

// RFC 9113 section 7.
const frameSizeError = 6;
const compressionError = 9;
const calm = 11;
// An attacker that does not read may lose GOAWAY to the reset that follows its own unread bytes.
const calmOrLost = "11 or lost";

let prism: PrismProcess;
let load: SteadyLoad;
let attacker: AttackerProcess;

beforeAll(async () => {
  const memory = { backends: { memory: { plugin: "memstore" } } };
  prism = await PrismProcess.start({
    config: { ...memory, namespaces: { demo: { pattern: "key-value", backend: "memory" } } },
  });
  using client = new KeyValueClient(prism.listen, "demo");
  await client.set("k", "v".repeat(1_000));
  load = new SteadyLoad(prism.listen, "demo");
  await load.callFor(1_000);
  attacker = startAttacker(prism.listen);
});
afterAll(async () => {
  await attacker?.[Symbol.asyncDispose]();
  load?.[Symbol.dispose]();
  await prism?.[Symbol.asyncDispose]();
});

async function count(metric: string, labels: string): Promise<number> {
  return (await readMetric(prism.admin, metric, labels)) ?? 0;
}

const floods: readonly (readonly [attack: string, goaway: number | typeof calmOrLost, reason: string])[] = [
  ["rapid reset", calm, "reset_flood"],
  ["window updates of 0 on streams", calm, "reset_flood"],
  ["window updates beyond 2^31-1 on streams", calm, "reset_flood"],
  ["DATA after END_STREAM", calm, "reset_flood"],
  ["streams that depend on themselves", calm, "reset_flood"],
  ["headers without names", calm, "reset_flood"],
  ["more streams than are allowed", calm, "reset_flood"],
  ["CONTINUATION without end", calm, "header_flood"],
  ["empty CONTINUATION without end", calm, "header_flood"],
  ["SETTINGS", calm, "control_flood"],
  ["SETTINGS that change the table", calm, "control_flood"],
  ["PING", calm, "control_flood"],
  ["PING, reading no answer", calmOrLost, "control_flood"],
  ["PRIORITY", calm, "control_flood"],
  ["frames of unknown types", calm, "control_flood"],
  ["empty DATA", calm, "empty_frame_flood"],
  ["a table size above the limit", compressionError, "compression_error"],
  ["thousands of table sizes in one block", compressionError, "compression_error"],
  ["a header block that does not decode", compressionError, "compression_error"],
  ["a frame above the limit", frameSizeError, "frame_size_error"],
];

describe("an honest client keeps its rate, and the memory stays", () => {
  test.each(floods)("under %s, which ends in GOAWAY %s and is counted as %s", async (attack, goaway, reason) => {
    forgetPeakMemory(prism.pid);
    const before = await count("prism_connections_closed_total", `reason="${reason}"`);
    const { outcomes, ratio } = await withstand(attack, { prism, load, attacker });
    for (const each of outcomes) {
      expect(each.closedBy).toBe("server");
      expect(goaway === calmOrLost ? [calm, null] : [goaway]).toContain(each.goaway);
    }
    expect(await count("prism_connections_closed_total", `reason="${reason}"`)).toBe(before + outcomes.length);
    expect(ratio).toBeGreaterThanOrEqual(rateKept);
    expect(peakMemoryMib(prism.pid)).toBeLessThan(peakMemoryMibMax);
  });

  test.each([
    ["one large header, referred to thousands of times", 50],
    ["headers above the limit", 50],
  ])("under %s, each of which ends its stream with ENHANCE_YOUR_CALM and is counted", async (attack, streams) => {
    forgetPeakMemory(prism.pid);
    const before = await count("prism_streams_refused_total", 'code="ENHANCE_YOUR_CALM"');
    const { outcomes, ratio } = await withstand(attack, { prism, load, attacker });
    for (const { resets, goaway } of outcomes)
      expect({ resets, goaway }).toEqual({ resets: { [calm]: streams }, goaway: null });
    const after = await count("prism_streams_refused_total", 'code="ENHANCE_YOUR_CALM"');
    expect(after).toBe(before + streams * outcomes.length);
    expect(ratio).toBeGreaterThanOrEqual(rateKept);
    expect(peakMemoryMib(prism.pid)).toBeLessThan(peakMemoryMibMax);
  });
});
