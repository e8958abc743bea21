import { expect, test } from "vitest";
import { releaseStartMemory } from "./release-start-memory.js";

const garbageBytes = 64 * 1_048_576;

/** Leaves behind what loading modules leaves behind: many small objects that nothing refers to. */
function makeGarbage(): number {
  const objects: object[] = [];
  const before = process.memoryUsage().heapTotal;
  while (process.memoryUsage().heapTotal < before + garbageBytes) {
    for (let count = 0; count < 10_000; count++) objects.push({ name: `${count}` });
  }
  return process.memoryUsage().heapTotal;
}

test("memory that was needed to start is given back", () => {
  const heapBytes = makeGarbage();
  releaseStartMemory();
  expect(process.memoryUsage().heapTotal).toBeLessThan(heapBytes - garbageBytes / 2);
  expect(globalThis).not.toHaveProperty("gc");
});
