import { expect, test, vi } from "vitest";
import { GatewayError } from "../../errors.js";
import type { Room } from "../messaging/outlet.js";
import { type GroupDelivery, MemberSubscription, type SubscriberGroup } from "./member-subscription.js";
import type { PubSubDelivery } from "./pub-sub.js";

const message = { id: "m", key: "", contentType: "", headers: [], payload: Buffer.from("payload") };
const delivery: GroupDelivery = {
  deliveryId: "d1",
  message,
  topic: "orders",
  sentAtMs: 5,
  deliveryCount: 3,
  leaseExpiresAtMs: 9,
};
const away = new GatewayError("BACKEND_UNAVAILABLE", "The server is away.");

/** What a look for messages comes to: some of them, or an error. Without one it stands until it is told. */
type Look = readonly GroupDelivery[] | Error;

/** A member of a group that answers its looks in turn, and notes what it is told. */
function memberOf(looks: readonly Look[], acknowledgeTimeoutMs: number | undefined) {
  const told: unknown[] = [];
  const sent: PubSubDelivery[] = [];
  const failures: unknown[] = [];
  const standing = Promise.withResolvers<readonly GroupDelivery[]>();
  const left = [...looks];
  const group: SubscriberGroup = {
    members: 0,
    store: {
      acknowledge: async (ids) => told.push(["acknowledge", ids]),
      reject: async (ids, rejection) => told.push(["reject", ids, rejection]),
      extend: async (ids, leaseMs) => told.push(["extend", ids, leaseMs]),
      release: async (ids, how) => void told.push(["release", ids, how]),
    },
    waiting: {
      receive: async () => {
        const look = left.shift() ?? (await standing.promise);
        if (look instanceof Error) throw look;
        return look;
      },
    },
  };
  const outlet = {
    room: async (): Promise<Room> => ({ items: 10, bytes: 1_000 }),
    send: (items: readonly PubSubDelivery[]) => void sent.push(...items),
    failed: (error: unknown) => void failures.push(error),
  };
  const onRejected = vi.fn();
  const onClosed = vi.fn(async () => {});
  const subscription = new MemberSubscription({ group, outlet, acknowledgeTimeoutMs, onRejected, onClosed });
  return { subscription, group, told, sent, failures, onRejected, onClosed, standing };
}

test("what is taken at least once is held until it is acknowledged, and nothing else is", async () => {
  const { subscription, sent, told } = memberOf([[delivery]], 1_000);
  void subscription.deliver();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent).toEqual([{ deliveryId: "d1", message, topic: "orders", publishedAtMs: 5, deliveryCount: 3 }]);
  await subscription.acknowledge(["d1", "another"]);
  await subscription.acknowledge(["d1"]);
  expect(told).toEqual([["acknowledge", ["d1"]]]);
});

test("what is taken at most once is done with before it is sent, and cannot be named", async () => {
  const { subscription, sent, told } = memberOf([[delivery]], undefined);
  void subscription.deliver();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(told).toEqual([["acknowledge", ["d1"]]]);
  expect(sent).toMatchObject([{ deliveryId: "", deliveryCount: 1 }]);
});

test("a rejection is passed on, and told", async () => {
  const { subscription, sent, told, onRejected } = memberOf([[delivery]], 1_000);
  void subscription.deliver();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  const rejection = { delayMs: 0, cause: "no" };
  await subscription.reject(["another"], rejection);
  expect(onRejected).not.toHaveBeenCalled();
  await subscription.reject(["d1"], rejection);
  expect(told).toEqual([["reject", ["d1"], rejection]]);
  expect(onRejected).toHaveBeenCalledOnce();
});

test("a member stays through an outage, and ends with any other error", async () => {
  const broken = new GatewayError("BACKEND_FAILED", "The disk is gone.");
  const { subscription, sent, failures } = memberOf([away, [delivery], broken], 1_000);
  await subscription.deliver();
  expect(sent).toHaveLength(1);
  expect(failures).toEqual([broken]);
});

test("closing gives back what is held as delivered, and what came too late as not", async () => {
  const { subscription, group, sent, told, onClosed, standing } = memberOf([[delivery]], 1_000);
  expect(group.members).toBe(1);
  const delivering = subscription.deliver();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  await subscription.close();
  await subscription.close();
  expect(group.members).toBe(0);
  expect(onClosed).toHaveBeenCalledOnce();
  standing.resolve([{ ...delivery, deliveryId: "d2" }]);
  await delivering;
  expect(sent).toHaveLength(1);
  expect(told).toEqual([
    ["release", ["d1"], { counts: true, mayDie: false }],
    ["release", ["d2"], { counts: false, mayDie: false }],
  ]);
});

test("closing does not fail while the data system is away", async () => {
  const { subscription, group } = memberOf([], 1_000);
  group.store.release = async () => {
    throw away;
  };
  await subscription.close();
  expect(group.members).toBe(0);
});
