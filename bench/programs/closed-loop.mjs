// Load from within a Node process: each of some callers makes its next call when the last one is answered.
import { createInterface } from "node:readline";
import { quantile } from "../statistics.mjs";

/** Makes `calls` calls by `callers` callers, `call(caller)` each, and answers what was seen. */
export async function closedLoop({ calls, callers }, call) {
  const latenciesUs = [];
  let left = calls;
  const caller = async (index) => {
    while (left > 0) {
      left -= 1;
      const startedAt = performance.now();
      await call(index);
      latenciesUs.push((performance.now() - startedAt) * 1000);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  const callsPerSecond = calls / ((performance.now() - startedAt) / 1000);
  latenciesUs.sort((a, b) => a - b);
  return { calls, callsPerSecond, p50Us: quantile(latenciesUs, 0.5), p99Us: quantile(latenciesUs, 0.99) };
}

/** Answers each JSON line on stdin with one on stdout, as long as the bench wants some. */
export async function answerRuns(run) {
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
  }
  process.exit(0);
}
