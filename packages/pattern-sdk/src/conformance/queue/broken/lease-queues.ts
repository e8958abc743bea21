import type { CallContext } from "../../../call-context.js";
import type { QueueDelivery, ReceiveRequest } from "../../../patterns/queue/index.js";
import { type BrokenQueue, broken } from "./broken-queue.js";
import { type Held, ReferenceQueue } from "./reference-queue.js";

/** Queues that get leases wrong. */
export const leaseQueues: readonly BrokenQueue[] = [
  broken(
    "hands out a message to two workers",
    "receiving: a message is one worker's at a time",
    class extends ReferenceQueue {
      override async receive(request: ReceiveRequest, context: CallContext): Promise<QueueDelivery[]> {
        const ready = this.held.filter((held) => this.isReady(held)).slice(0, request.messagesMax);
        if (ready.length === 0) return super.receive(request, context);
        await this.pause();
        return ready.map((held) => this.lease(held, request.leaseMs));
      }
    },
  ),
  broken(
    "forgets a message as soon as it is delivered",
    "leases: under a lease nobody else gets the message; when it ends, the next does, with the count raised",
    class extends ReferenceQueue {
      override lease(held: Held, leaseMs: number): QueueDelivery {
        const delivery = super.lease(held, leaseMs);
        this.remove(held);
        return delivery;
      }
    },
  ),
  broken(
    "calls every delivery of a message the same",
    "leases: a delivery whose lease has ended is worth nothing, and cannot touch the next one",
    class extends ReferenceQueue {
      override lease(held: Held, leaseMs: number): QueueDelivery {
        const delivery = { ...super.lease(held, leaseMs), deliveryId: held.message.id };
        held.deliveryId = held.message.id;
        return delivery;
      }
    },
  ),
  broken(
    "takes an acknowledgement that comes after its lease",
    "leases: a delivery whose lease has ended is worth nothing before the message is delivered again",
    class extends ReferenceQueue {
      readonly #delivered = new Map<string, Held>();
      override lease(held: Held, leaseMs: number): QueueDelivery {
        const delivery = super.lease(held, leaseMs);
        this.#delivered.set(delivery.deliveryId, held);
        return delivery;
      }
      override leasedAs(deliveryId: string): Held | undefined {
        const held = this.#delivered.get(deliveryId);
        this.#delivered.delete(deliveryId);
        return held;
      }
    },
  ),
  broken(
    "adds an extension to the lease that is there",
    "leases: an extension is counted from now: it can also end a lease sooner",
    class extends ReferenceQueue {
      override extend = async (deliveryIds: readonly string[], leaseMs: number) =>
        this.settle(deliveryIds, (held) => {
          held.visibleAtMs += leaseMs;
          return held.visibleAtMs;
        });
    },
  ),
  broken(
    "says that it extends a lease, and does not",
    "leases: an extended lease ends later, and says when",
    class extends ReferenceQueue {
      override extend = async (deliveryIds: readonly string[], leaseMs: number) =>
        this.settle(deliveryIds, () => Date.now() + leaseMs);
    },
  ),
  broken(
    "says of every acknowledgement that it was done",
    "settling: a delivery is settled once",
    class extends ReferenceQueue {
      override acknowledge = async (deliveryIds: readonly string[], context: CallContext) => {
        await super.acknowledge(deliveryIds, context);
        return deliveryIds.map(() => ({ ok: true as const, result: undefined }));
      };
    },
  ),
  broken(
    "holds back what a consumer has left until its lease ends",
    "consuming: of 100 messages that a consumer had, the 50 that it acknowledged are gone when it leaves, and the others come at once",
    class extends ReferenceQueue {
      override release = async () => {};
    },
  ),
  broken(
    "counts the deliveries that Prism has ended",
    "consuming: a namespace that is taken away ends its consumers, and what they had is ready again, uncounted",
    class extends ReferenceQueue {
      override release = (deliveryIds: readonly string[], _counts: boolean, context: CallContext) =>
        super.release(deliveryIds, true, context);
    },
  ),
  broken(
    "does not count the deliveries that a worker has left",
    "consuming: a consumer that ends its call gives back at once what it has not settled",
    class extends ReferenceQueue {
      override release = (deliveryIds: readonly string[], _counts: boolean, context: CallContext) =>
        super.release(deliveryIds, false, context);
    },
  ),
  broken(
    "counts a message as ready whose lease has not ended",
    "describe: messages are counted where they are",
    class extends ReferenceQueue {
      override describe = async (context: CallContext) => {
        const described = await super.describe(context);
        return { ...described, ready: described.ready + described.leased, leased: 0 };
      };
    },
  ),
];
