import { expect, test } from "vitest";
import { GatewayError } from "../../errors.js";
import { keepDelivering } from "./keep-delivering.js";

const away = new GatewayError("BACKEND_UNAVAILABLE", "away");

test("delivers again and again, also after an outage, until it is ended", async () => {
  const end = new AbortController();
  const seen: string[] = [];
  await keepDelivering(
    async () => {
      seen.push("deliver");
      if (seen.length === 2) throw away;
      if (seen.length === 5) end.abort();
    },
    { signal: end.signal, whileAway: async () => seen.push("wait"), failed: () => seen.push("failed") },
  );
  expect(seen).toEqual(["deliver", "deliver", "wait", "deliver", "deliver"]);
});

test("tells what is no outage, and delivers no more", async () => {
  const failure = new GatewayError("BACKEND_FAILED", "failed");
  const failures: unknown[] = [];
  await keepDelivering(() => Promise.reject(failure), {
    signal: new AbortController().signal,
    failed: (error) => failures.push(error),
  });
  expect(failures).toEqual([failure]);
});

test("tells nothing once it is ended, and waits for nothing", async () => {
  const end = new AbortController();
  const failures: unknown[] = [];
  const fail = async (error: Error) => {
    queueMicrotask(() => end.abort());
    throw error;
  };
  await keepDelivering(() => fail(away), { signal: end.signal, failed: (error) => failures.push(error) });
  await keepDelivering(() => fail(new Error("after the end")), {
    signal: end.signal,
    failed: (error) => failures.push(error),
  });
  expect(failures).toEqual([]);
});
