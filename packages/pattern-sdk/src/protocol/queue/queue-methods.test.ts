import type { GrpcError } from "@prism-data/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GatewayError } from "../../errors.js";
import { leaseLostError } from "../../patterns/queue/queue-errors.js";
import * as wire from "../gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../message.js";
import { gatewayErrorOf } from "../status.js";
import { durationFromMs } from "../wire-time.js";
import { deliveryOf, type RunningQueue, runTinyQueue } from "./tiny-queue.fixture.js";

let running: RunningQueue;
beforeEach(async () => {
  running = await runTinyQueue();
});
afterEach(async () => {
  await running[Symbol.asyncDispose]();
});

const receiveRequest = (fields: Partial<wire.ReceiveRequest> = {}) =>
  encodeMessage(wire.ReceiveRequest, { namespace: "q", maxMessages: 0, lease: undefined, wait: undefined, ...fields });

const acknowledge = (...deliveryIds: string[]) =>
  running.unary("Acknowledge", encodeMessage(wire.AcknowledgeRequest, { namespace: "q", deliveryIds }));

const failure = (call: Promise<unknown>): Promise<GatewayError> =>
  call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: GrpcError) => gatewayErrorOf(error),
  );

describe("a receive", () => {
  test("whose caller has gone gives back what it was handed, uncounted", async () => {
    running.queue.heedsSignal = false;
    const leaving = new AbortController();
    const request = receiveRequest({ wait: durationFromMs(20_000) });
    const call = running.tiny.client.unary("/prism.queue.v1.QueueService/Receive", request, { signal: leaving.signal });
    const failed = failure(call);
    await expect.poll(() => running.queue.receives).toHaveLength(1);
    leaving.abort();
    expect(await failed).toMatchObject({ reason: "CANCELLED" });
    await expect.poll(() => running.queue.lastSignal?.aborted).toBe(true);
    running.queue.offer(deliveryOf("a"), deliveryOf("b"));
    await expect.poll(() => running.queue.released).toEqual([{ ids: ["a", "b"], counts: false }]);
  });

  test("that waits has waited in vain when the plugin drains", async () => {
    const call = running.unary("Receive", receiveRequest({ wait: durationFromMs(20_000) }));
    await expect.poll(() => running.queue.receives).toHaveLength(1);
    const drained = running.tiny.contract.drain({ grace: durationFromMs(20_000) });
    expect(wire.ReceiveResponse.decode(await call).deliveries).toEqual([]);
    expect(await drained).toEqual({ completed: 1, aborted: 0 });
  });

  test("waits no longer than its caller", async () => {
    const request = receiveRequest({ wait: durationFromMs(20_000) });
    const call = running.tiny.client.unary("/prism.queue.v1.QueueService/Receive", request, { timeoutMs: 5_000 });
    await expect.poll(() => running.queue.receives).toHaveLength(1);
    const [{ waitMs } = { waitMs: 0 }] = running.queue.receives;
    expect(waitMs).toBeGreaterThan(4_000);
    expect(waitMs).toBeLessThan(5_000);
    running.queue.offer(deliveryOf("a"));
    await call;
  });

  test("asks for no more bytes than an answer can carry", async () => {
    await running.unary("Receive", receiveRequest({ maxMessages: 100 }));
    expect(running.queue.receives[0]?.bytesMax).toBe(4_089_446 - 100 * 1_024);
  });
});

describe("a delivery", () => {
  const received = async (leaseMs: number, id = `of ${leaseMs}`) => {
    running.queue.offer(deliveryOf(id));
    const answer = await running.unary("Receive", receiveRequest({ lease: durationFromMs(leaseMs) }));
    return wire.ReceiveResponse.decode(answer).deliveries[0]!.deliveryId;
  };
  const extend = (deliveryIds: string[], leaseMs?: number) => {
    const lease = leaseMs === undefined ? undefined : durationFromMs(leaseMs);
    return running.unary("Extend", encodeMessage(wire.ExtendRequest, { namespace: "q", deliveryIds, lease }));
  };

  test("is extended by the lease that it was received with, where the request names none", async () => {
    const ids = [await received(1_000), await received(43_200_000), await received(1_000, "other")];
    await extend(ids);
    expect(running.queue.extended).toEqual([
      { ids: ["of 1000", "other"], leaseMs: 1_000 },
      { ids: ["of 43200000"], leaseMs: 43_200_000 },
    ]);
    await extend(ids, 5_000);
    expect(running.queue.extended.at(-1)?.leaseMs).toBe(5_000);
  });

  test("that stands twice in a request, or never was, is not asked of the plugin", async () => {
    const id = await received(30_000);
    const answer = await acknowledge("made up", id, id, "0.x", "zzzzz.x", "1.");
    expect(running.queue.acknowledged).toEqual(["of 30000"]);
    const { statuses } = wire.AcknowledgeResponse.decode(answer);
    expect(statuses.map(({ code }) => code)).toEqual([9, 0, 9, 9, 9, 9]);
  });

  test("that is rejected without a cause has one nonetheless", async () => {
    const request = { namespace: "q", deliveryIds: [await received(30_000)], delay: undefined, cause: "" };
    await running.unary("Reject", encodeMessage(wire.RejectRequest, request));
    expect(running.queue.rejected).toEqual([{ ids: ["of 30000"], delayMs: 0, cause: "rejected without a cause" }]);
  });

  test("has a result of its own, and a plugin that answers another number of them has a defect", async () => {
    const id = await received(30_000);
    running.queue.results = [{ ok: false, error: leaseLostError() }];
    const { statuses } = wire.AcknowledgeResponse.decode(await acknowledge(id));
    expect(statuses).toMatchObject([{ code: 9, message: expect.stringContaining("lease") }]);
    running.queue.results = [];
    expect(await failure(acknowledge(id))).toMatchObject({ reason: "INTERNAL" });
  });
});
