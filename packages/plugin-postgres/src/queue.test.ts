import { randomUUID } from "node:crypto";
import type { SendEntry } from "@prism-data/pattern-sdk";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Chores } from "./chores.js";
import type { Connection } from "./connection.js";
import { Namespace } from "./namespace.js";
import { Namespaces } from "./namespaces.js";
import { PostgresQueue, type PostgresQueueOptions } from "./queue.js";
import { queueChores, removeQueueRows } from "./queue-sweep.js";
import {
  callWith,
  eventually,
  messageWith,
  openConnection,
  runAsAdmin,
  silent,
  temporarySchema,
} from "./testing/own-connection.js";

const call = callWith();
const entry = (id: string, fields: Partial<SendEntry> = {}): SendEntry => ({
  message: messageWith(id),
  delayMs: 0,
  ...fields,
});
const now = { messagesMax: 10, bytesMax: 2 ** 20, leaseMs: 60_000, waitMs: 0 };

let schema: string;
let name: string;
beforeEach(() => {
  schema = temporarySchema();
  name = randomUUID();
});

function queueOn(connection: Connection, options: Partial<PostgresQueueOptions> = {}) {
  const namespaces = new Namespaces(connection, { pattern: "queue", removeRows: removeQueueRows });
  const namespace = new Namespace(namespaces, name);
  const queue = new PostgresQueue(connection, namespace, {
    retentionMs: undefined,
    deliveriesMax: 3,
    deduplicationWindowMs: 300_000,
    ...options,
  });
  onTestFinished(() => queue.close());
  return Object.assign(queue, { namespace, namespaces });
}

const idsOf = (deliveries: readonly { readonly message: { readonly id: string } }[]) =>
  deliveries.map(({ message }) => message.id);

describe("a message", () => {
  test("arrives as it was sent, byte for byte", async () => {
    const queue = queueOn(await openConnection({ schema }));
    const message = messageWith("id\0é", {
      key: "k\0",
      contentType: "application/json",
      payload: Buffer.from([0, 1, 255]),
      headers: [
        { name: "a", value: Buffer.from([0, 255]) },
        { name: "a", value: Buffer.alloc(0) },
      ],
    });
    await queue.send([{ message, delayMs: 0 }], call);
    const [delivery] = await queue.receive(now, call);
    expect(delivery).toMatchObject({ message, deliveryCount: 1 });
  });

  test("is received by nobody else while its lease lasts, and its delivery is worth nothing afterwards", async () => {
    const queue = queueOn(await openConnection({ schema }));
    await queue.send([entry("a")], call);
    const [first] = await queue.receive({ ...now, leaseMs: 1_000 }, call);
    expect(await queue.receive(now, call)).toEqual([]);
    const [second] = await queue.receive({ ...now, waitMs: 10_000 }, call);
    expect(second).toMatchObject({ deliveryCount: 2, message: { id: "a" } });
    const [late, good] = [
      await queue.acknowledge([first!.deliveryId], call),
      await queue.acknowledge([second!.deliveryId], call),
    ];
    expect([late[0]!.ok, good[0]!.ok]).toEqual([false, true]);
  });

  test("that is given back keeps its place, and is dead with its cause after its last delivery", async () => {
    const queue = queueOn(await openConnection({ schema }), { deliveriesMax: 2 });
    await queue.send([entry("a"), entry("b")], call);
    for (const cause of ["first", "last"]) {
      const [delivery] = await queue.receive({ ...now, messagesMax: 1 }, call);
      expect(delivery!.message.id).toBe("a");
      await queue.reject([delivery!.deliveryId], { delayMs: 0, cause });
    }
    const { deadLetters } = await queue.listDeadLetters({ limit: 10, bytesMax: 1_000 });
    expect(deadLetters).toMatchObject([{ message: { id: "a" }, deliveryCount: 2, cause: "last" }]);
    expect(await queue.describe()).toMatchObject({ ready: 1, leased: 0, delayed: 0, dead: 1 });
    expect(await queue.redrive({ kind: "ids", ids: ["a", "none"] })).toBe(1);
    expect((await queue.receive(now, call)).map(({ message, deliveryCount }) => [message.id, deliveryCount])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
  });

  test("whose worker is taken away by Prism is delivered again with its count unchanged, and never dies of it", async () => {
    const queue = queueOn(await openConnection({ schema }), { deliveriesMax: 1 });
    await queue.send([entry("a")], call);
    for (let time = 0; time < 3; time++) {
      const [delivery] = await queue.receive(now, call);
      expect(delivery).toMatchObject({ deliveryCount: 1 });
      await queue.release([delivery!.deliveryId], false);
    }
    expect(await queue.describe()).toMatchObject({ ready: 1, dead: 0 });
  });

  test("that is older than the retention is removed, also when nobody receives", async () => {
    const connection = await openConnection({ schema });
    const queue = queueOn(connection);
    await queue.send([entry("a"), entry("b", { delayMs: 3_600_000 })], call);
    const retentions = new Map([[queue.namespace, 1_000]]);
    const chores = new Chores(queueChores(connection, queue.namespaces, retentions), { connection, log: silent });
    onTestFinished(() => chores.close());
    await eventually(async () => (await runAsAdmin(`SELECT FROM ${schema}.queue_message`)).length === 0);
  });
});

describe("a deduplication id", () => {
  test("is sent once, also from two processes at once and twice in one call", async () => {
    const queues = [queueOn(await openConnection({ schema })), queueOn(await openConnection({ schema }))];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        queues[index % 2]!.send(
          [entry(`${index}`, { deduplicationId: "d" }), entry(`${index}'`, { deduplicationId: "d" })],
          call,
        ),
      ),
    );
    const sent = answers.flat().map((answer) => (answer.ok ? answer.result : undefined));
    expect(sent.filter((one) => one?.duplicate === false)).toHaveLength(1);
    expect(new Set(sent.map((one) => one?.id)).size).toBe(1);
    expect(await queues[0]!.describe()).toMatchObject({ ready: 1 });
  });

  test("counts for its window only", async () => {
    const queue = queueOn(await openConnection({ schema }), { deduplicationWindowMs: 1 });
    await queue.send([entry("a", { deduplicationId: "d" })], call);
    await eventually(async () => {
      const [answer] = await queue.send([entry("b", { deduplicationId: "d" })], call);
      return answer!.ok && !answer!.result.duplicate;
    });
  });
});

describe("a receive that waits", () => {
  test("is woken by what another process sends", async () => {
    const receiving = queueOn(await openConnection({ schema }));
    const sending = queueOn(await openConnection({ schema }));
    for (let round = 0; round < 5; round++) {
      const waiting = receiving.receive({ ...now, waitMs: 20_000 }, call);
      await sending.send([entry(`${round}`)], call);
      expect(idsOf(await waiting)).toEqual([`${round}`]);
    }
  });

  test("is woken when a delay ends", async () => {
    const queue = queueOn(await openConnection({ schema }));
    await queue.send([entry("late", { delayMs: 300 })], call);
    expect(await queue.receive(now, call)).toEqual([]);
    expect(idsOf(await queue.receive({ ...now, waitMs: 20_000 }, call))).toEqual(["late"]);
  });

  test("ends with nothing when it has waited long enough or its caller is gone, and takes nothing away", async () => {
    const queue = queueOn(await openConnection({ schema }));
    expect(await queue.receive({ ...now, waitMs: 50 }, call)).toEqual([]);
    const gone = new AbortController();
    const waiting = queue.receive({ ...now, waitMs: 20_000 }, callWith(gone.signal));
    gone.abort();
    expect(await waiting).toEqual([]);
    await queue.send([entry("a")], call);
    expect(await queue.receive({ ...now, waitMs: 5_000 }, call)).toMatchObject([{ deliveryCount: 1 }]);
  });
});

test("many workers in two processes get each message once, and all of them", async () => {
  const queues = [queueOn(await openConnection({ schema })), queueOn(await openConnection({ schema }))];
  const messages = 400;
  const sent = Array.from({ length: messages }, (_, index) => entry(`${index}`));
  const received: string[] = [];
  const done = new AbortController();
  const workers = Array.from({ length: 12 }, async (_, index) => {
    const queue = queues[index % 2]!;
    while (!done.signal.aborted) {
      const deliveries = await queue.receive({ ...now, messagesMax: 7, waitMs: 20_000 }, callWith(done.signal));
      received.push(...idsOf(deliveries));
      await queue.acknowledge(
        deliveries.map(({ deliveryId }) => deliveryId),
        call,
      );
      if (received.length >= messages) done.abort();
    }
  });
  await Promise.all(sent.map((one, index) => queues[index % 2]!.send([one], call)));
  await Promise.all(workers);
  expect([received.length, new Set(received).size]).toEqual([messages, messages]);
  expect(await queues[0]!.describe()).toMatchObject({ ready: 0, leased: 0 });
});
