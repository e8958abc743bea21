import { EtagSource, type Message, type SubscribeRequest } from "@prism-data/pattern-sdk";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { MemoryPubSub } from "./pub-sub.js";
import { ManualClock } from "./testing/manual-clock.js";
import { RecordingOutlet } from "./testing/recording-outlet.js";

const maxBytes = 100_000;
const retentionMs = 60_000;
const acknowledgeTimeoutMs = 10_000;

let clock: ManualClock;
let budget: ByteBudget;
let pubsub: MemoryPubSub;
beforeEach(() => {
  clock = new ManualClock();
  budget = new ByteBudget(maxBytes);
  pubsub = new MemoryPubSub({ budget, clock, etags: new EtagSource() }, { retentionMs });
});

const message = (text: string): Message => ({
  id: "m",
  key: "",
  headers: [],
  contentType: "",
  payload: Buffer.from(text),
});

const publish = (...texts: readonly string[]) => pubsub.publish("t", texts.map(message));

function subscribe(outlet: RecordingOutlet, request: Partial<SubscribeRequest> = {}) {
  const bounds = { outstandingMessagesMax: 1_000, outstandingBytesMax: 1_000_000, acknowledgeTimeoutMs };
  return pubsub.subscribe({ topic: "t", delivery: "at-least-once", ...bounds, ...request }, outlet);
}

/** Makes a group, and leaves it. */
function makeGroup(group: string): void {
  subscribe(new RecordingOutlet(0), { group }).close();
}

describe("what counts against the bound", () => {
  test("is nothing as long as nobody holds a message", () => {
    subscribe(new RecordingOutlet(), { delivery: "at-most-once" });
    expect(pubsub.publish("t", [message("x".repeat(2 * maxBytes))])).toMatchObject([{ ok: true }]);
    expect(pubsub.publish("nobody.listens", [message("x")])).toMatchObject([{ ok: true }]);
    expect(budget.usedBytes).toBe(0);
  });

  test("is a message once, however many groups hold it, and a little for each", () => {
    for (const group of ["a", "b", "c"]) makeGroup(group);
    const ofGroups = budget.usedBytes;
    publish("x".repeat(10_000));
    const ofOne = budget.usedBytes - ofGroups;
    expect(ofOne).toBeGreaterThan(10_000);
    expect(ofOne).toBeLessThan(13_000);
    expect(pubsub.messages).toBe(3);
  });

  test("is refused beyond it, each message for itself, and free again when it is acknowledged", async () => {
    const outlet = new RecordingOutlet();
    const member = subscribe(outlet, { group: "g" });
    const before = budget.usedBytes;
    const [first, second, third] = publish("x".repeat(60_000), "y".repeat(60_000), "z".repeat(10_000));
    expect([first!.ok, second!.ok, third!.ok]).toEqual([true, false, true]);
    expect(second).toMatchObject({ error: { reason: "CAPACITY_EXHAUSTED" } });
    await vi.waitFor(() => expect(outlet.sent).toHaveLength(2));
    member.acknowledge!(outlet.sent.map(({ deliveryId }) => deliveryId));
    expect(budget.usedBytes).toBe(before);
  });

  test("is a group too: one for which there is no room is not made", () => {
    makeGroup("g");
    publish("x".repeat(maxBytes - budget.usedBytes - 2_100));
    expect(() => makeGroup("h")).toThrow(expect.objectContaining({ reason: "CAPACITY_EXHAUSTED" }));
    makeGroup("g");
  });

  test("is nothing when all is removed, also while somebody holds a message", async () => {
    const outlets = [new RecordingOutlet(), new RecordingOutlet()];
    const subscriptions = [subscribe(outlets[0]!, { group: "g" }), subscribe(outlets[1]!)];
    publish("a", "b");
    await vi.waitFor(() => expect(outlets.map(({ sent }) => sent.length)).toEqual([2, 2]));
    expect(pubsub.clear()).toBe(4);
    expect([budget.usedBytes, clock.timers]).toEqual([0, 0]);
    for (const subscription of subscriptions) subscription.close();
    expect([budget.usedBytes, clock.timers, pubsub.messages]).toEqual([0, 0, 0]);
  });
});

test("a message that is kept does not keep the request that it came in", async () => {
  const request = Buffer.alloc(4 * 2 ** 20, "r");
  const outlet = new RecordingOutlet();
  subscribe(outlet);
  pubsub.publish("t", [{ ...message(""), payload: request.subarray(100, 110) }]);
  await vi.waitFor(() => expect(outlet.texts).toEqual(["rrrrrrrrrr"]));
  expect(outlet.sent[0]!.message.payload.buffer.byteLength).toBeLessThan(100);
});

describe("a message that was delivered", () => {
  test("comes again when its time has passed, before those that were published later", async () => {
    const outlet = new RecordingOutlet(2);
    const member = subscribe(outlet, { group: "g" });
    publish("a", "b", "c");
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a", "b"]));
    clock.advance(acknowledgeTimeoutMs - 1);
    member.extend!(outlet.idsOf("b"), acknowledgeTimeoutMs);
    clock.advance(1);
    outlet.allow(2);
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a", "b", "a", "c"]));
    expect(outlet.sent.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1, 2, 1]);
  });

  test("comes again after the delay of its rejection, whatever its time was", async () => {
    const outlet = new RecordingOutlet();
    const member = subscribe(outlet, { group: "g" });
    publish("a");
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a"]));
    member.reject!(outlet.idsOf("a"), { delayMs: 3 * acknowledgeTimeoutMs, cause: "" });
    clock.advance(3 * acknowledgeTimeoutMs - 1);
    expect(clock.timers).toBeGreaterThan(0);
    expect(outlet.texts).toEqual(["a"]);
    clock.advance(1);
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a", "a"]));
  });

  test("goes to another member at once when its own leaves, in its old place", async () => {
    const [leaving, staying] = [new RecordingOutlet(2), new RecordingOutlet(0)];
    const member = subscribe(leaving, { group: "g" });
    publish("a", "b", "c");
    await vi.waitFor(() => expect(leaving.texts).toEqual(["a", "b"]));
    subscribe(staying, { group: "g" });
    member.close();
    staying.allow(3);
    await vi.waitFor(() => expect(staying.texts).toEqual(["a", "b", "c"]));
  });

  test("stays with the group when it is to be given up and there is no room to move it", async () => {
    pubsub.configure({ retentionMs, maxDeliveries: 1 });
    makeGroup("filler");
    const dead = new RecordingOutlet();
    subscribe(dead, { topic: "dead_letter.g", group: "d" });
    const outlet = new RecordingOutlet();
    const member = subscribe(outlet, { group: "g" });
    publish("a");
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a"]));
    publish("x".repeat(maxBytes - budget.usedBytes - 2_000));
    member.reject!(outlet.idsOf("a"), { delayMs: 0, cause: "" });
    await vi.waitFor(() => expect(outlet.idsOf("a")).toHaveLength(2));
    expect(dead.sent).toEqual([]);
  });
});

describe("what is older than the retention", () => {
  test("is removed, whether or not anybody asks", () => {
    makeGroup("g");
    const before = budget.usedBytes;
    publish("a");
    clock.advance(retentionMs / 2);
    publish("b");
    clock.advance(retentionMs / 2);
    expect(pubsub.messages).toBe(1);
    clock.advance(retentionMs / 2 + 1_000);
    expect([pubsub.messages, budget.usedBytes]).toEqual([0, before]);
  });

  test("stays with whoever holds it, and does not come again", async () => {
    const outlet = new RecordingOutlet();
    const member = subscribe(outlet, { group: "g", acknowledgeTimeoutMs: 2 * retentionMs });
    publish("a");
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a"]));
    clock.advance(retentionMs + 2_000);
    expect(pubsub.messages).toBe(1);
    member.reject!(outlet.idsOf("a"), { delayMs: 0, cause: "" });
    expect(pubsub.messages).toBe(0);
  });

  test("is judged anew when the option changes", () => {
    makeGroup("g");
    publish("a");
    clock.advance(10_000);
    pubsub.configure({ retentionMs: 5_000 });
    clock.advance(1_000);
    expect(pubsub.messages).toBe(0);
  });

  test("is kept for a subscriber without a group, who is there", async () => {
    const outlet = new RecordingOutlet(0);
    subscribe(outlet);
    publish("a");
    clock.advance(10 * retentionMs);
    outlet.allow(1);
    await vi.waitFor(() => expect(outlet.texts).toEqual(["a"]));
  });
});

describe("a group that nobody is in", () => {
  test("is forgotten after the retention, but not while it holds something", () => {
    makeGroup("g");
    clock.advance(retentionMs - 1_000);
    publish("a");
    clock.advance(1_000);
    expect(pubsub.messages).toBe(1);
    clock.advance(2 * retentionMs);
    expect([pubsub.messages, budget.usedBytes, clock.timers]).toEqual([0, 0, 0]);
  });

  test("is not forgotten when somebody has come back", () => {
    makeGroup("g");
    clock.advance(retentionMs / 2);
    const member = subscribe(new RecordingOutlet(), { group: "g" });
    clock.advance(10 * retentionMs);
    expect(budget.usedBytes).toBeGreaterThan(0);
    member.close();
    clock.advance(retentionMs);
    expect(budget.usedBytes).toBe(0);
  });
});

test("members at most once take turns, and nothing is kept of what they took", () => {
  const outlets = [new RecordingOutlet(), new RecordingOutlet(), new RecordingOutlet()];
  for (const outlet of outlets) subscribe(outlet, { group: "g", delivery: "at-most-once" });
  for (const text of ["a", "b", "c", "d", "e", "f"]) publish(text);
  expect(outlets.map(({ texts }) => texts)).toEqual([
    ["a", "d"],
    ["b", "e"],
    ["c", "f"],
  ]);
  publish(...["1", "2", "3", "4", "5", "6", "7"]);
  expect(outlets.flatMap(({ texts }) => texts)).toHaveLength(13);
  expect(pubsub.messages).toBe(0);
});
