import type { CallContext } from "../../../call-context.js";
import { GroupCoordinator } from "../../../patterns/stream/group-coordinator.js";
import type { GroupMember, JoinRequest, MemberOutlet, Position } from "../../../patterns/stream/stream.js";
import { type BrokenStream, broken } from "./broken-stream.js";
import { ReferenceGroup } from "./reference-group.js";
import { ReferenceStream } from "./reference-stream.js";

/** Logs whose groups are wrong. */
export const groupStreams: readonly BrokenStream[] = [
  broken(
    "takes what is delivered for committed",
    "groups: a member that is killed at 50 of 100 loses nothing",
    class extends ReferenceStream {
      override async join(request: JoinRequest, outlet: MemberOutlet, context: CallContext) {
        const member = await super.join(request, outlet, context);
        return {
          ...member,
          leave: () => {
            this.groups.get(request.group)!.committed.set(0, this.nextOffset(0) - 1n);
            return member.leave();
          },
        };
      }
    },
  ),
  broken(
    "forgets commits when the last member leaves",
    "groups: what is committed is not delivered again, and everything after it is",
    class extends ReferenceStream {
      override async join(request: JoinRequest, outlet: MemberOutlet, context: CallContext): Promise<GroupMember> {
        const member = await super.join(request, outlet, context);
        return {
          ...member,
          leave: async () => {
            await member.leave();
            this.groups.delete(request.group);
          },
        };
      }
    },
  ),
  broken(
    "lets a commit go back",
    "groups: a commit below what is committed changes nothing",
    class extends ReferenceStream {
      override join(request: JoinRequest, outlet: MemberOutlet, context: CallContext) {
        const group = this.groups.get(request.group) ?? new GoingBack();
        this.groups.set(request.group, group);
        return super.join(request, outlet, context);
      }
    },
  ),
  broken(
    "gives every member every partition",
    "groups: members share the partitions: each partition has one, and nobody has two more than another",
    class extends ReferenceStream {
      #members = 0;
      override join(request: JoinRequest, outlet: MemberOutlet, context: CallContext) {
        this.#members++;
        const { group } = request;
        // A group of its own in the coordinator, the same progress.
        const own = `${group} ${this.#members}`;
        const progress = this.groups.get(group) ?? new ReferenceGroup();
        this.groups.set(group, progress).set(own, progress);
        return super.join({ ...request, group: own }, outlet, context);
      }
    },
  ),
  broken(
    "keeps a partition for a member that has left",
    "groups: a second member of a log with one partition waits, and takes over when the first leaves",
    class extends ReferenceStream {
      override async join(request: JoinRequest, outlet: MemberOutlet, context: CallContext): Promise<GroupMember> {
        const member = await super.join(request, outlet, context);
        return { ...member, leave: () => {} };
      }
    },
  ),
  broken(
    "takes commits of partitions that another member has",
    "groups: a commit of a partition that another member has is ignored",
    class extends ReferenceStream {
      override async join(request: JoinRequest, outlet: MemberOutlet, context: CallContext): Promise<GroupMember> {
        const member = await super.join(request, outlet, context);
        const progress = this.groups.get(request.group)!;
        return { ...member, commit: (positions) => positions.filter((position) => progress.commit(position)) };
      }
    },
  ),
  broken(
    "begins at the latest record again when somebody takes over",
    "groups: a group that began at the latest record gets again what it has not committed, whoever takes over",
    class extends ReferenceStream {
      override join(request: JoinRequest, outlet: MemberOutlet, context: CallContext) {
        this.groups.get(request.group)?.begun.clear();
        return super.join(request, outlet, context);
      }
    },
  ),
  broken(
    "has one progress for groups that differ in case",
    "groups: each group has everything, and its own commits",
    class extends ReferenceStream {
      override join(request: JoinRequest, outlet: MemberOutlet, context: CallContext) {
        return super.join({ ...request, group: request.group.toLowerCase() }, outlet, context);
      }
      override describe(group: string | undefined) {
        return super.describe(group?.toLowerCase());
      }
    },
  ),
  broken(
    "counts no more than seven records that lag",
    "model: random calls, one after the other, answer as a plain list does",
    class extends ReferenceStream {
      override async describe(group: string | undefined) {
        const { partitions, ordering } = await super.describe(group);
        const capped = (lag: bigint | undefined) => (lag === undefined || lag < 7n ? lag : 7n);
        return { partitions: partitions.map((one) => ({ ...one, lag: capped(one.lag) })), ordering };
      }
    },
  ),
  broken(
    "goes on from where a member was, not from what the group has committed",
    "groups: when members leave or are killed at 50 of 100, the others get what was not committed, and nothing that was",
    class extends ReferenceStream {
      override coordinator = new GroupCoordinator(this.partitions);
      override async join(request: JoinRequest, outlet: MemberOutlet, context: CallContext): Promise<GroupMember> {
        const group = this.groups.get(request.group) ?? new NeverAgain(this);
        this.groups.set(request.group, group);
        return super.join(request, outlet, context);
      }
    },
  ),
];

class GoingBack extends ReferenceGroup {
  override commit({ partition, offset }: Position): boolean {
    this.committed.set(partition, offset);
    return true;
  }
}

/** Gives each partition to its second owner from the end on. */
class NeverAgain extends ReferenceGroup {
  readonly #log: ReferenceStream;

  constructor(log: ReferenceStream) {
    super();
    this.#log = log;
  }

  override next(partition: number): bigint {
    const isSecond = this.begun.has(partition) && this.committed.has(partition);
    return isSecond ? this.#log.nextOffset(partition) : super.next(partition);
  }
}
