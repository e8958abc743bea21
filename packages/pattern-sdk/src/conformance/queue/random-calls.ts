import assert from "node:assert/strict";
import { messageOf } from "../messaging/messages.js";
import { modelRun } from "../model-run.js";
import { type SeededRandom, seededRandom } from "../seeded-random.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient } from "./queue-client.js";
import { QueueModel } from "./queue-model.js";

/** Enough to meet most pairs of calls; a long run asks for more. */
const stepsDefault = 400;

const maxDeliveries = 3;

export const randomCases = [
  ...casesOf("random calls", [], {
    "one after another are answered as a plain queue would": (_, subject) =>
      run({ make: () => subject.namespace({ needs: [] }), maxDeliveries: Number.POSITIVE_INFINITY, dies: false }),
  }),

  ...casesOf("random calls", ["dead_letter"], {
    "one after another are answered as a plain queue with dead letters would": (_, subject) =>
      run({
        make: () => subject.namespace({ options: { max_deliveries: maxDeliveries } }),
        maxDeliveries,
        dies: true,
      }),
  }),
];

/** What a run is made on. */
interface Run {
  make(): Promise<QueueClient>;
  readonly maxDeliveries: number;
  readonly dies: boolean;
}

async function run({ make, maxDeliveries: deliveries, dies }: Run): Promise<void> {
  const { steps, seed } = modelRun(stepsDefault);
  const random = seededRandom(seed);
  const queue = await make();
  const walk = new Walk(queue, new QueueModel(deliveries), random);
  for (let step = 0; step < steps; step++) {
    try {
      await walk.step(dies);
    } catch (error) {
      const hint = `PRISM_MODEL_SEED=${seed} PRISM_MODEL_STEPS=${step + 1}`;
      throw new assert.AssertionError({ message: `step ${step} of ${hint}: ${(error as Error).message}` });
    }
  }
}

/** Calls a queue and its model side by side. */
class Walk {
  readonly #queue: QueueClient;
  readonly #model: QueueModel;
  readonly #random: SeededRandom;
  #sent = 0;

  constructor(queue: QueueClient, model: QueueModel, random: SeededRandom) {
    this.#queue = queue;
    this.#model = model;
    this.#random = random;
  }

  async step(dies: boolean): Promise<void> {
    const calls = [
      () => this.#send(),
      () => this.#receive(),
      () => this.#receive(),
      () => this.#acknowledge(),
      () => this.#reject(),
      () => this.#reject(),
      () => this.#extend(),
      () => this.#describe(),
      ...(dies ? [() => this.#redrive(), () => this.#list()] : []),
    ];
    await this.#random.pick(calls)();
  }

  async #send(): Promise<void> {
    const messages = Array.from({ length: 1 + this.#random.below(5) }, () => {
      this.#sent++;
      return messageOf({ id: `m${this.#sent}`, payload: `text ${this.#sent}` });
    });
    const outcomes = await this.#queue.sendAll(messages.map((message) => ({ message })));
    assert.deepEqual(
      outcomes,
      messages.map(({ id }) => ({ id, duplicate: false })),
    );
    for (const { id, payload } of messages) this.#model.send(id, Buffer.from(payload).toString());
  }

  async #receive(): Promise<void> {
    const max = 1 + this.#random.below(6);
    const { ready } = this.#model.contents;
    const deliveries = await this.#queue.receive({ max, leaseMs: 3_600_000 });
    assert.equal(deliveries.length, Math.min(max, ready), `the messages of a receive of ${max} with ${ready} ready`);
    for (const { id, message, text, count } of deliveries) {
      assert.equal(this.#model.receive({ id, messageId: message.id, text, count }), undefined);
    }
  }

  async #acknowledge(): Promise<void> {
    const ids = this.#someIds();
    const outcomes = await this.#queue.acknowledge(ids);
    assert.deepEqual(
      outcomes.map((outcome) => outcome === undefined),
      ids.map((id) => this.#model.acknowledge(id)),
      `acknowledged ${ids.join(" ")}`,
    );
  }

  async #reject(): Promise<void> {
    const ids = this.#someIds();
    const cause = `cause ${this.#random.below(100)}`;
    const outcomes = await this.#queue.reject(ids, { cause });
    assert.deepEqual(
      outcomes.map((outcome) => outcome === undefined),
      ids.map((id) => this.#model.reject(id, cause)),
      `rejected ${ids.join(" ")}`,
    );
  }

  async #extend(): Promise<void> {
    const ids = this.#someIds();
    const outcomes = await this.#queue.extend(ids, 3_600_000);
    assert.deepEqual(
      outcomes.map((outcome) => typeof outcome === "number"),
      ids.map((id) => this.#model.extend(id)),
      `extended ${ids.join(" ")}`,
    );
  }

  async #describe(): Promise<void> {
    assert.deepEqual(await this.#queue.contents(), this.#model.contents);
  }

  async #redrive(): Promise<void> {
    const ids = Array.from({ length: 1 + this.#random.below(5) }, () => `m${this.#random.below(this.#sent + 1)}`);
    assert.equal(await this.#queue.redrive({ ids }), this.#model.redrive(ids), `redriven ${ids.join(" ")}`);
  }

  async #list(): Promise<void> {
    const letters = await this.#queue.deadLetters(1 + this.#random.below(10));
    const texts = letters.map(({ message, cause, deliveryCount }) => `${message?.id} ${cause} ${deliveryCount}`);
    assert.deepEqual(texts.sort(), this.#model.deadLetters);
  }

  /** Ids of late deliveries mostly, some of them settled before, and one that never was. None stands twice. */
  #someIds(): string[] {
    const { deliveryIds } = this.#model;
    const ids = Array.from({ length: 1 + this.#random.below(5) }, () => {
      const late = deliveryIds.slice(-20);
      return late.length === 0 || this.#random.below(15) === 0 ? "1.never" : this.#random.pick(late);
    });
    return [...new Set(ids)];
  }
}
