import type { SubscribeRequest } from "../../../patterns/pub-sub/pub-sub.js";
import { type BrokenPubSub, broken } from "./broken-pub-sub.js";
import type { ReferenceAudience, ReferenceMember } from "./reference-audience.js";
import { ReferencePubSub } from "./reference-pub-sub.js";

/** Plugins that get groups wrong. */
export const brokenGroups: readonly BrokenPubSub[] = [
  broken(
    "gives every member every message",
    "groups: each message goes to one member",
    class extends ReferencePubSub {
      override audienceOf({ topic }: SubscribeRequest): ReferenceAudience {
        return super.audienceOf({ topic } as SubscribeRequest);
      }
    },
  ),
  broken(
    "takes groups of the same name for one, whatever their topic",
    "groups: groups whose names are alike, and the same group of another topic, are groups of their own",
    class extends ReferencePubSub {
      override audienceOf(request: SubscribeRequest): ReferenceAudience {
        const known = [...this.audiences].find(({ group }) => group !== undefined && group === request.group);
        return known ?? super.audienceOf(request);
      }
    },
  ),
  broken(
    "trims the names of groups",
    "groups: groups whose names are alike, and the same group of another topic, are groups of their own",
    class extends ReferencePubSub {
      override audienceOf = (request: SubscribeRequest) =>
        super.audienceOf({ ...request, group: request.group?.trim() });
    },
  ),
  broken(
    "loses what a member held that left",
    "groups: of 100 messages none is lost when a member leaves in the midst of them",
    class extends ReferencePubSub {
      override close(audience: ReferenceAudience, member: ReferenceMember): void {
        super.close(audience, { ...member, held: new Map() });
        audience.leave(member);
      }
    },
  ),
  broken(
    "forgets a group that nobody is in",
    "durable groups: a group keeps what is published while none of its members is there, in order",
    class extends ReferencePubSub {
      override close(audience: ReferenceAudience, member: ReferenceMember): void {
        super.close(audience, member);
        if (audience.members.size === 0) this.audiences.delete(audience);
      }
    },
  ),
  broken(
    "keeps messages beyond the retention",
    "durable groups: what is older than the retention is gone, and what is not is there",
    class extends ReferencePubSub {
      override get retentionMs() {
        return Number.POSITIVE_INFINITY;
      }
    },
  ),
  broken(
    "lets a member that is there wait for the one that was there before it",
    "groups: a message goes to a member that has room",
    class extends ReferencePubSub {
      override join(...[audience, request, outlet]: Parameters<ReferencePubSub["join"]>) {
        const isFirst = audience.members.size === 0;
        const silent = { ...outlet, room: () => new Promise<never>(() => {}), send() {}, failed() {} };
        return super.join(audience, request, isFirst ? outlet : silent);
      }
    },
  ),
];
