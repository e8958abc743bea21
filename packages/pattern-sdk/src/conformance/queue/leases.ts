import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { eventually } from "../eventually.js";
import { assertFailure } from "../expect-failure.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient } from "./queue-client.js";
import type { Delivery } from "./wire-delivery.js";
import type { Settled } from "./wire-settling.js";

/** How far the clock of a data system may be from this one, and the time that a call takes. */
const skewMsMax = 2_500;

/** How early a lease may seem to have ended, for want of exact clocks. */
const earlinessMsMax = 100;

export const leaseCases = casesOf("leases", [], {
  "a delivery says how often it was made, and when its lease ends": async (queue) => {
    await queue.send("m");
    const delivery = await queue.receiveOne({ leaseMs: 30_000 });
    assert.equal(delivery.count, 1);
    assertAbout(delivery.leaseExpiresAtMs, Date.now() + 30_000);
  },

  "under a lease nobody else gets the message; when it ends, the next does, with the count raised": async (queue) => {
    await queue.send("m");
    const leasedAtMs = performance.now();
    const first = await queue.receiveOne({ leaseMs: 2_000 });
    assert.deepEqual(await queue.receive(), []);
    const second = await queue.receiveOne();
    const lastedMs = performance.now() - leasedAtMs;
    assert.ok(lastedMs >= 2_000 - earlinessMsMax, `the lease of 2 s ended after ${lastedMs} ms`);
    assert.deepEqual([second.text, second.count], ["m", 2]);
    assert.notEqual(second.id, first.id, "another delivery has another id");
  },

  "a lease is as long as the namespace says when the request does not": async (_, subject) => {
    const queue = await subject.namespace({ options: { lease: "90s" } });
    await queue.send("m");
    const [delivery] = await queue.receive();
    assertAbout(delivery?.leaseExpiresAtMs, Date.now() + 90_000);
  },

  "a lease is 30 s where nobody says anything": async (queue) => {
    await queue.send("m");
    const [delivery] = await queue.receive();
    assertAbout(delivery?.leaseExpiresAtMs, Date.now() + 30_000);
  },

  "an extended lease ends later, and says when": async (queue) => {
    await queue.send("m");
    const delivery = await queue.receiveOne({ leaseMs: 1_000 });
    const extendedAtMs = performance.now();
    const [endsAtMs] = await queue.extend([delivery.id], 3_000);
    assertAbout(endsAtMs, Date.now() + 3_000);
    const next = await queue.receiveOne();
    const lastedMs = performance.now() - extendedAtMs;
    assert.ok(lastedMs >= 3_000 - earlinessMsMax, `the lease of 3 s ended after ${lastedMs} ms`);
    assert.equal(next.count, 2);
  },

  "an extension is counted from now: it can also end a lease sooner": async (queue) => {
    await queue.send("m");
    const delivery = await queue.receiveOne({ leaseMs: 3_600_000 });
    assertAbout((await queue.extend([delivery.id], 1_000))[0], Date.now() + 1_000);
    assert.equal((await queue.receiveOne()).count, 2);
  },

  "an extension without a lease is as long as the lease was at first": async (queue) => {
    await queue.sendTexts(["short", "long"]);
    const short = await queue.receiveOne({ leaseMs: 20_000 });
    const long = await queue.receiveOne({ leaseMs: 600_000 });
    const ends = await queue.extend([long.id, short.id]);
    assertAbout(ends[0], Date.now() + 600_000);
    assertAbout(ends[1], Date.now() + 20_000);
  },

  "a delivery whose lease has ended is worth nothing, and cannot touch the next one": async (queue) => {
    await queue.send("m");
    const first = await queue.receiveOne({ leaseMs: 1_000 });
    const second = await queue.receiveOne();
    await assertAllLost(queue, first);
    assert.deepEqual(await queue.receive(), [], "the message went back to the queue");
    assert.deepEqual(await queue.acknowledge([second.id]), [undefined], "the second delivery is not its worker's");
  },

  "a delivery whose lease has ended is worth nothing before the message is delivered again": async (queue) => {
    await queue.send("m");
    const first = await queue.receiveOne({ leaseMs: 1_000 });
    await eventually("the lease ends", async () => (await queue.contents()).ready === 1);
    await assertAllLost(queue, first);
    const again = await queue.receiveOne();
    assert.deepEqual([again.text, again.count], ["m", 2]);
  },

  "ids that never were are lost, whatever they look like": async (queue) => {
    await queue.send("m");
    const { id } = await queue.receiveOne();
    const made = [
      "none",
      "1.none",
      `${id}x`,
      id.slice(0, -1),
      id.toUpperCase() === id ? "x" : id.toUpperCase(),
      "é",
      "\0",
      "*",
    ];
    for (const settle of [queue.acknowledge(made), queue.reject(made), queue.extend(made, 60_000)]) {
      assertLost(
        await settle,
        made.map(() => true),
      );
    }
    assert.deepEqual(await queue.acknowledge([id]), [undefined]);
  },

  "of concurrent settlements of one delivery exactly one counts": async (queue) => {
    await queue.sendTexts(["a", "b", "c", "d", "e"]);
    for (const delivery of await queue.receive({ max: 5 })) {
      const settlements = Array.from({ length: 10 }, (_, index) =>
        index % 2 === 0 ? queue.acknowledge([delivery.id]) : queue.reject([delivery.id]),
      );
      const outcomes = (await Promise.all(settlements)).flat();
      assert.equal(outcomes.filter((outcome) => outcome === undefined).length, 1);
      assertLost(
        outcomes,
        outcomes.map((outcome) => outcome !== undefined),
      );
    }
  },
});

async function assertAllLost(queue: QueueClient, { id }: Delivery): Promise<void> {
  assertLost(await queue.acknowledge([id]), [true]);
  assertLost(await queue.reject([id]), [true]);
  assertLost(await queue.extend([id], 60_000), [true]);
}

/** Asserts which of the outcomes are LEASE_LOST; the others must be no failure. */
export function assertLost(outcomes: readonly (Settled | number)[], expected: readonly boolean[]): void {
  assert.deepEqual(
    outcomes.map((outcome) => outcome instanceof GatewayError),
    expected,
    "which deliveries are lost",
  );
  for (const outcome of outcomes) if (outcome instanceof GatewayError) assertFailure(outcome, "LEASE_LOST");
}

export function assertAbout(actualMs: number | GatewayError | undefined, expectedMs: number): void {
  assert.ok(typeof actualMs === "number", `a time was expected, and not ${actualMs}`);
  assert.ok(Math.abs(actualMs - expectedMs) < skewMsMax, `${actualMs} is not about ${expectedMs}`);
}
