import type { CallContext } from "../../../call-context.js";
import type { RedriveSelection, Rejection, SendEntry, Sent } from "../../../patterns/queue/index.js";
import { type BrokenQueue, broken } from "./broken-queue.js";
import { type Held, ReferenceQueue } from "./reference-queue.js";

/** Queues that declare capabilities and do not keep them, or mix up namespaces. */
export const capabilityQueues: readonly BrokenQueue[] = [
  broken(
    "forgets delays",
    "delays: a delayed message cannot be received before its time, and can then",
    class extends ReferenceQueue {
      override sendOne = (entry: SendEntry): Sent => super.sendOne({ ...entry, delayMs: 0 });
    },
  ),
  broken(
    "forgets the delay of a rejection",
    "delays: a message that is rejected with a delay comes again after it",
    class extends ReferenceQueue {
      override reject = (deliveryIds: readonly string[], rejection: Rejection, context: CallContext) =>
        super.reject(deliveryIds, { ...rejection, delayMs: 0 }, context);
    },
  ),
  broken(
    "lets one delayed message hold up the others",
    "delays: delays run side by side, and hold up no other message",
    class extends ReferenceQueue {
      override inOrder = (): readonly Held[] => {
        const blocked = this.held.findIndex((held) => held.visibleAtMs > Date.now() && held.deliveryId === undefined);
        return blocked < 0 ? this.held : this.held.slice(0, blocked);
      };
    },
  ),
  broken(
    "checks a deduplication id and sends in two steps",
    "deduplication: of concurrent sends of one message exactly one is accepted",
    class extends ReferenceQueue {
      readonly #seen = new Map<string, string>();
      override async send(entries: readonly SendEntry[], context: CallContext) {
        const known = entries.map(({ deduplicationId = "" }) => this.#seen.get(deduplicationId));
        await this.pause();
        for (const { deduplicationId = "", message } of entries) this.#seen.set(deduplicationId, message.id);
        const plain = entries.map((entry) => ({ ...entry, deduplicationId: undefined }));
        const results = await super.send(plain, context);
        return results.map((result, index) => {
          const id = known[index];
          return id === undefined ? result : { ok: true as const, result: { id, duplicate: true } };
        });
      }
    },
  ),
  broken(
    "lets a deduplication id count for ever",
    "deduplication: an id counts for as long as the namespace says, and not longer",
    class extends ReferenceQueue {
      override isWithinWindow = () => true;
    },
  ),
  broken(
    "delivers a message that is dead",
    "dead letters: a message that is rejected at its last delivery becomes a dead letter, with its last cause",
    class extends ReferenceQueue {
      override isReady = (held: Held): boolean => super.isReady({ ...held, diedAtMs: undefined });
    },
  ),
  broken(
    "gives up one delivery too late",
    "dead letters: a message of many deliveries dies after five where nobody says anything",
    class extends ReferenceQueue {
      override giveBack(held: Held, delayMs: number): void {
        held.deliveryCount--;
        super.giveBack(held, delayMs);
        held.deliveryCount++;
      }
    },
  ),
  broken(
    "counts the deliveries of the queue, and not of the message",
    "dead letters: deliveries are counted for each message, and not for the queue",
    class extends ReferenceQueue {
      #rejections = 0;
      override giveBack(held: Held, delayMs: number): void {
        this.#rejections++;
        const { deliveryCount } = held;
        held.deliveryCount = this.#rejections;
        super.giveBack(held, delayMs);
        held.deliveryCount = deliveryCount;
      }
    },
  ),
  broken(
    "keeps the first cause of a rejection",
    "dead letters: a message that is rejected at its last delivery becomes a dead letter, with its last cause",
    class extends ReferenceQueue {
      override reject = async (deliveryIds: readonly string[], { delayMs, cause }: Rejection) =>
        this.settle(deliveryIds, (held) => {
          held.cause ||= cause;
          this.giveBack(held, delayMs);
        });
    },
  ),
  broken(
    "keeps the count of a dead letter that is sent again",
    "dead letters: a dead letter that is sent again is as it was sent first, and its count is back at 0",
    class extends ReferenceQueue {
      override revive = (held: Held) => void Object.assign(held, { diedAtMs: undefined, cause: "" });
    },
  ),
  broken(
    "sends a dead letter again and keeps it",
    "dead letters: those dead letters are sent again that are named, and an id without one does not count",
    class extends ReferenceQueue {
      override revive(held: Held): void {
        const copy = { ...held };
        super.revive(copy);
        this.held.push(copy);
      }
    },
  ),
  broken(
    "counts the ids of a redrive, and not the dead letters",
    "dead letters: those dead letters are sent again that are named, and an id without one does not count",
    class extends ReferenceQueue {
      override redrive = async (selection: RedriveSelection, context: CallContext) => {
        const redriven = await super.redrive(selection, context);
        return selection.kind === "ids" ? selection.ids.length : redriven;
      };
    },
  ),
  broken(
    "pages through dead letters by their position",
    "dead letters: dead letters that come and go between pages hide and repeat no other",
    class extends ReferenceQueue {
      override cursorAt = (held: Held): string => String(this.dead().indexOf(held));
      override placeAfter = (_dead: readonly Held[], cursor: string): number => Number(cursor) + 1;
    },
  ),
  broken(
    "keeps messages for longer than it was told",
    "options: messages that are older than the namespace keeps them are removed, also when nobody reads",
    class extends ReferenceQueue {
      override sweep(): void {
        const { options } = this;
        this.options = { ...options, retentionMs: undefined };
        super.sweep();
        this.options = options;
      }
    },
  ),
  {
    does: "ignores the case of namespaces",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    queueName: (namespace) => namespace.toLowerCase(),
  },
  {
    does: "composes the characters of namespaces",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    queueName: (namespace) => namespace.normalize(),
  },
  {
    does: "deletes every namespace whose name starts alike",
    caughtBy: "isolation: deleting the data of a namespace leaves the others",
    reaches: (asked, name) => name.startsWith(asked),
  },
  {
    does: "keeps the data of a namespace that was deleted",
    caughtBy: "isolation: a namespace whose data was deleted is empty when it is bound again",
    reaches: () => false,
  },
  {
    does: "says that it is durable, and keeps everything in its process",
    caughtBy: "durability: what was accepted is there after a kill, as it was sent, and what was acknowledged is not",
    survivesRestart: false,
  },
];
