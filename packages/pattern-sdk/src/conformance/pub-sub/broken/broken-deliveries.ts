import type { PubSubRejection } from "../../../patterns/pub-sub/pub-sub.js";
import { type BrokenPubSub, broken } from "./broken-pub-sub.js";
import type { ReferenceAudience, ReferenceEntry, ReferenceMember } from "./reference-audience.js";
import { ReferencePubSub } from "./reference-pub-sub.js";

/** Plugins that get acknowledgement wrong. */
export const brokenDeliveries: readonly BrokenPubSub[] = [
  broken(
    "forgets to acknowledge",
    "acknowledgement: what is acknowledged is not delivered again",
    class extends ReferencePubSub {
      override acknowledge(audience: ReferenceAudience, entries: readonly ReferenceEntry[]): void {
        for (const entry of entries) audience.giveBack(entry, 1_000);
      }
    },
  ),
  broken(
    "takes what was not acknowledged in time for handled",
    "acknowledgement: what is not acknowledged in time is delivered again, and not before",
    class extends ReferencePubSub {
      override join(...[audience, request, outlet]: Parameters<ReferencePubSub["join"]>) {
        return super.join(audience, { ...request, acknowledgeTimeoutMs: 3_600_000 }, outlet);
      }
    },
  ),
  broken(
    "delivers again before the time is over",
    "acknowledgement: what is not acknowledged in time is delivered again, and not before",
    class extends ReferencePubSub {
      override join(...[audience, request, outlet]: Parameters<ReferencePubSub["join"]>) {
        return super.join(audience, { ...request, acknowledgeTimeoutMs: request.acknowledgeTimeoutMs / 2 }, outlet);
      }
    },
  ),
  broken(
    "takes a rejection for an acknowledgement",
    "acknowledgement: what is rejected is delivered again at once",
    class extends ReferencePubSub {
      override reject(): void {}
    },
  ),
  broken(
    "does not extend",
    "acknowledgement: an extension postpones the next delivery, from when it is asked",
    class extends ReferencePubSub {
      override join(...parts: Parameters<ReferencePubSub["join"]>) {
        return { ...super.join(...parts), extend() {} };
      }
    },
  ),
  broken(
    "delivers at once what is to wait",
    "delay: what is rejected with a delay comes again after it, and others pass it",
    class extends ReferencePubSub {
      override reject(
        audience: ReferenceAudience,
        entries: readonly ReferenceEntry[],
        { cause }: PubSubRejection,
      ): void {
        super.reject(audience, entries, { delayMs: 0, cause });
      }
    },
  ),
  broken(
    "makes dead letters when a subscriber leaves",
    "dead letters: a subscriber that leaves makes no dead letter",
    class extends ReferencePubSub {
      override close(audience: ReferenceAudience, member: ReferenceMember): void {
        for (const [id, entry] of member.held) if (this.giveUp(audience.group, entry)) member.held.delete(id);
        super.close(audience, member);
      }
    },
  ),
  broken(
    "gives up one delivery too early",
    "dead letters: what is rejected less often, or acknowledged in the end, does not move",
    class extends ReferencePubSub {
      override giveUp(group: string | undefined, entry: ReferenceEntry): boolean {
        return super.giveUp(group, { ...entry, deliveryCount: entry.deliveryCount + 1 });
      }
    },
  ),
  broken(
    "drops what it gives up",
    "dead letters: what is rejected often enough moves to the dead letter topic, as it was, with what is known of it",
    class extends ReferencePubSub {
      override giveUp(group: string | undefined, { deliveryCount }: ReferenceEntry): boolean {
        return group !== undefined && deliveryCount >= (this.options.maxDeliveries ?? Number.POSITIVE_INFINITY);
      }
    },
  ),
];
