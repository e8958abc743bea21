import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { type Failure, failureOf } from "./error-details.ts";
import { PrismProcess } from "./prism-process.ts";
import { RetryingClient } from "./retrying-client.ts";

const proxies = 2;
/** PRISM_ROLLING_RESTARTS=100 is the long run. */
const restarts = Number(process.env.PRISM_ROLLING_RESTARTS ?? 25);
const callers = 8;
// Between two calls of a caller: leaves the cores to the proxies that start.
const pauseMs = 5;
// Ten times what two idle cores need: starting processes suffers most from a busy machine.
const restartedWithinMs = 900_000;

let running: PrismProcess[] = [];
let client: RetryingClient;
beforeAll(async () => {
  running = await Promise.all(
    Array.from({ length: proxies }, () => PrismProcess.start({ config: configOf([memory]) })),
  );
  client = new RetryingClient(running.map(({ listen }) => listen));
});
afterAll(async () => {
  client?.[Symbol.dispose]();
  await Promise.all(running.map((prism) => prism[Symbol.asyncDispose]()));
});

/** Stops a proxy as an operator does, and starts the next on its address. */
async function replace(at: number): Promise<void> {
  const prism = running[at];
  if (prism === undefined) throw new Error(`there is no proxy ${at}`);
  const { listen } = prism;
  expect(await prism.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  await prism[Symbol.asyncDispose]();
  running[at] = await PrismProcess.start({ config: configOf([memory], { listen }) });
}

/** Calls until stopped; answers how many calls were served, and adds those that were not. */
async function callUntil(stop: AbortSignal, failures: Failure[]): Promise<number> {
  let served = 0;
  while (!stop.aborted) {
    try {
      await client.call("Set", { namespace: namespaceOn(memory), key: "k", value: Buffer.from("v") });
      served += 1;
    } catch (error) {
      failures.push(failureOf(error));
    }
    await delay(pauseMs);
  }
  return served;
}

test(
  `${restarts} rolling restarts under load cost an app that retries no call`,
  async () => {
    const stop = new AbortController();
    const failures: Failure[] = [];
    const load = Array.from({ length: callers }, () => callUntil(stop.signal, failures));
    try {
      for (let count = 0; count < restarts; count += 1) await replace(count % proxies);
    } finally {
      stop.abort();
    }
    const served = (await Promise.all(load)).reduce((sum, each) => sum + each, 0);
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(restarts);
  },
  restartedWithinMs,
);
