import { randomBytes } from "node:crypto";
import {
  type BatchResult,
  type GroupDelivery,
  leaseLostError,
  type MemberRequest,
  type QueueDelivery,
  type Rejection,
} from "@prism-data/pattern-sdk";
import type { Argument, Connection, Reply } from "./connection.js";
import { grouped } from "./grouped.js";
import { decodeMessage } from "./message-record.js";
import {
  acknowledgeScript,
  extendScript,
  nextDueScript,
  queueNames,
  receiveScript,
  rejectScript,
  releaseScript,
} from "./queue-scripts.js";
import type { Script } from "./scripts.js";

/** A token names the leases of one receive: nobody makes the same one again, also not after the data was deleted. */
const tokenBytes = 16;

const deliveryIdText = /^(\d{16})-([\w-]{22})$/;

/** Names no delivery. */
const nothing = ["", ""] as const;

/** Asks for what is ready now. */
export type TakeRequest = Omit<MemberRequest, "waitMs">;

/** How often and how long a queue tries to have a message handled. */
export interface QueueBounds {
  /** After how many deliveries a message is dead; `undefined`: it is delivered without end. */
  readonly deliveriesMax: number | undefined;
  /** How old messages may get, in ms; `undefined`: they stay. */
  readonly retentionMs: number | undefined;
  /** The topic whose messages never die. Default: none. */
  readonly sparedTopic?: string;
}

export interface QueueStoreOptions extends QueueBounds {
  readonly connection: Connection;
  /** What all names of the queue start with. */
  readonly base: string;
  /** Where is told that there is something to receive. */
  readonly channel: string;
}

/** One queue on the server: what is taken from it, and what becomes of that. */
export class QueueStore {
  readonly #connection: Connection;
  readonly #base: string;
  readonly #leadingArgs: readonly Argument[];

  constructor({ connection, base, channel, deliveriesMax, retentionMs, sparedTopic = "" }: QueueStoreOptions) {
    this.#connection = connection;
    this.#base = base;
    this.#leadingArgs = [base, channel, deliveriesMax ?? "", retentionMs ?? "", sparedTopic];
  }

  /** Runs a script of the queue. */
  run(script: Script, args: readonly Argument[] = []): Promise<Reply> {
    return this.#connection.run(script, [`${this.#base}meta`], [...this.#leadingArgs, ...args]);
  }

  /** Leases what is ready now. What was sent to a queue has no topic: `""`. */
  async take({ messagesMax, bytesMax, leaseMs, takers = 1 }: TakeRequest): Promise<readonly GroupDelivery[]> {
    const token = randomBytes(tokenBytes).toString("base64url");
    const [endsAt, ...taken] = (await this.run(receiveScript, [
      messagesMax,
      bytesMax,
      leaseMs,
      token,
      takers,
    ])) as Buffer[];
    return grouped(taken, 4).map(([number, sentAt, count, record]) => ({
      ...decodeMessage(record!),
      deliveryId: `${number}-${token}`,
      sentAtMs: Number(sentAt),
      deliveryCount: Number(count),
      leaseExpiresAtMs: Number(endsAt),
    }));
  }

  /** In how many ms something becomes ready by itself. `undefined`: nothing will. */
  async nextDueInMs(): Promise<number | undefined> {
    const dueInMs = Number(await this.run(nextDueScript));
    return dueInMs < 0 ? undefined : dueInMs;
  }

  async acknowledge(deliveryIds: readonly string[]): Promise<readonly BatchResult<void>[]> {
    return resultsOf(await this.run(acknowledgeScript, deliveryIds.flatMap(namesOf)));
  }

  async reject(deliveryIds: readonly string[], { delayMs, cause }: Rejection): Promise<readonly BatchResult<void>[]> {
    return resultsOf(await this.run(rejectScript, [delayMs, cause, ...deliveryIds.flatMap(namesOf)]));
  }

  /** `counts` false: the deliveries are taken out of their messages' counts. `mayDie`: as if their leases had ended. */
  async release(
    deliveryIds: readonly string[],
    { counts, mayDie }: { counts: boolean; mayDie: boolean },
  ): Promise<void> {
    if (deliveryIds.length === 0) return;
    await this.run(releaseScript, [counts ? "1" : "", mayDie ? "1" : "", ...deliveryIds.flatMap(namesOf)]);
  }

  /** Takes deliveries back as if they had never been made. */
  giveBack(deliveries: readonly QueueDelivery[]): Promise<void> {
    const ids = deliveries.map(({ deliveryId }) => deliveryId);
    return this.release(ids, { counts: false, mayDie: false });
  }

  async extend(deliveryIds: readonly string[], leaseMs: number): Promise<readonly BatchResult<number>[]> {
    const ends = (await this.run(extendScript, [leaseMs, ...deliveryIds.flatMap(namesOf)])) as number[];
    return ends.map((endsAtMs) =>
      endsAtMs === 0 ? { ok: false, error: leaseLostError() } : { ok: true, result: endsAtMs },
    );
  }
}

/** Removes a queue with all that it holds; returns whether there was anything. Redis frees the memory in the background. */
export async function removeQueue(connection: Connection, base: string): Promise<boolean> {
  const names = queueNames.map((name) => base + name);
  return (await connection.command("UNLINK", names)) !== 0;
}

/** The number of a message and the token of its lease. */
function namesOf(deliveryId: string): readonly string[] {
  return deliveryIdText.exec(deliveryId)?.slice(1) ?? nothing;
}

function resultsOf(reply: Reply): readonly BatchResult<void>[] {
  return (reply as number[]).map((done) =>
    done === 1 ? { ok: true, result: undefined } : { ok: false, error: leaseLostError() },
  );
}
