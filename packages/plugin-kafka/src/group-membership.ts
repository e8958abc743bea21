import { setTimeout as pause } from "node:timers/promises";
import { balancedShares } from "@prism-data/pattern-sdk";
import { AssignerProtocol } from "kafkajs";
import type { Broker, CommittedOffset, Joined } from "./cluster.js";
import { answerOf, isPassing } from "./errors.js";
import type { TopicLink } from "./topic-link.js";

/** How partitions are shared: `balancedShares`. All members of a group must know it. */
const assignerName = "prism-balanced";

/** A member says so often per session that it is there, which is also how it hears that others come and go. */
const heartbeatsPerSession = 20;

/** The group has changed; whoever is in it joins again. */
const changed = new Set(["REBALANCE_IN_PROGRESS"]);

/** The group went on without this member. */
const expelled = new Set(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "FENCED_INSTANCE_ID"]);

export interface GroupMembershipOptions {
  /** Of its own: a broker keeps it waiting while the group gathers. */
  readonly link: TopicLink;
  readonly groupId: string;
  /** How many partitions the topic has. */
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  /** Called when the group has given the member's partitions to others without asking. */
  onExpelled(): void;
  /** Prepares for the partitions that the member has from now on; done before the membership is current. */
  onAssigned(partitions: readonly number[], generation: Generation): Promise<void>;
}

/** A group between two changes of its members. */
export interface Generation {
  readonly id: number;
  readonly memberId: string;
}

/** A place in a group of Kafka's classic protocol, kept until it is given up. */
export class GroupMembership {
  readonly #options: GroupMembershipOptions;
  #generation: Generation | undefined;
  #memberId = "";
  #partitions: readonly number[] = [];
  /** When the coordinator has last confirmed the membership. */
  #confirmedAtMs = 0;
  #wake = Promise.withResolvers<void>();

  constructor(options: GroupMembershipOptions) {
    this.#options = options;
  }

  /** The generation in which the member may act now. `undefined`: the group is changing, or has not heard of the member for a session. */
  get current(): Generation | undefined {
    const isHeard = performance.now() - this.#confirmedAtMs < this.#options.sessionTimeoutMs;
    return isHeard ? this.#generation : undefined;
  }

  /** Resolves when the membership may have become current. */
  get changes(): Promise<void> {
    return this.#wake.promise;
  }

  /** Is a member until `signal` is aborted, and leaves. Rejects when it cannot go on. */
  async keep(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#round(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#generation = undefined;
      this.wake();
      await this.#leave();
    }
  }

  /** Commits; says what for each: the partition and the next offset. Throws what the coordinator answers. */
  async commit(
    { id, memberId }: Generation,
    offsets: readonly { partition: number; offset: string; metadata: string }[],
  ): Promise<void> {
    const { link, groupId } = this.#options;
    const topics = [{ topic: link.topic, partitions: offsets }];
    await this.#atCoordinator("the commit", (coordinator) =>
      coordinator.offsetCommit({ groupId, memberId, groupGenerationId: id, topics }),
    );
  }

  /** Handles an error of a commit: true if the group is changing, and the commit may be tried in the next generation. */
  noticed(error: unknown, generation: Generation): boolean {
    const answer = answerOf(causeOf(error)) ?? "";
    if (!changed.has(answer) && !expelled.has(answer)) return false;
    // The heartbeat finds out the same, and joins again.
    if (this.#generation === generation) this.#generation = undefined;
    return true;
  }

  async #round(signal: AbortSignal): Promise<void> {
    try {
      const generation = await this.#join(signal);
      if (signal.aborted) return;
      await this.#options.onAssigned(this.#partitions, generation);
      this.#generation = generation;
      this.wake();
      await this.#beat(generation, signal);
    } catch (error) {
      const answer = answerOf(causeOf(error)) ?? "";
      if (!changed.has(answer) && !expelled.has(answer)) throw error;
      this.#generation = undefined;
      if (expelled.has(answer)) {
        this.#memberId = "";
        this.#partitions = [];
        this.#options.onExpelled();
      }
    }
  }

  async #join(signal: AbortSignal): Promise<Generation> {
    const { link, groupId, sessionTimeoutMs } = this.#options;
    const metadata = AssignerProtocol.MemberMetadata.encode({
      ...{ version: 1, topics: [link.topic], userData: Buffer.from(JSON.stringify(this.#partitions)) },
    });
    const joined = await this.#atCoordinator(
      "the join",
      (coordinator) =>
        coordinator.joinGroup({
          ...{
            groupId,
            memberId: this.#memberId,
            sessionTimeout: sessionTimeoutMs,
            rebalanceTimeout: sessionTimeoutMs,
          },
          groupProtocols: [{ name: assignerName, metadata }],
        }),
      signal,
    );
    const { memberId, generationId } = joined;
    this.#memberId = memberId;
    const groupAssignment = joined.leaderId === memberId ? this.#shared(joined) : [];
    const synced = await this.#atCoordinator(
      "the join",
      (coordinator) => coordinator.syncGroup({ groupId, memberId, generationId, groupAssignment }),
      signal,
    );
    this.#confirmedAtMs = performance.now();
    const assigned = AssignerProtocol.MemberAssignment.decode(synced.memberAssignment)?.assignment[link.topic] ?? [];
    this.#partitions = [...assigned].sort((a, b) => a - b);
    return { id: generationId, memberId };
  }

  /** As the leader of the group: who gets which partitions. */
  #shared({ members }: Joined): { memberId: string; memberAssignment: Buffer }[] {
    const { link, partitions } = this.#options;
    const taken = new Set<number>();
    const current = members.map(({ memberMetadata }) => {
      const own = claimed(memberMetadata).filter((one) => one < partitions && !taken.has(one));
      for (const one of own) taken.add(one);
      return new Set(own);
    });
    return balancedShares(current, partitions).map((share, index) => ({
      memberId: members[index]!.memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        ...{ version: 1, assignment: { [link.topic]: [...share] }, userData: Buffer.alloc(0) },
      }),
    }));
  }

  /** Says that the member is there, until the group changes. */
  async #beat(generation: Generation, signal: AbortSignal): Promise<void> {
    const { id, memberId } = generation;
    const { groupId, sessionTimeoutMs } = this.#options;
    while (!signal.aborted) {
      await pause(sessionTimeoutMs / heartbeatsPerSession, undefined, { signal });
      const askedAtMs = performance.now();
      const beat = (coordinator: Broker) => coordinator.heartbeat({ groupId, memberId, groupGenerationId: id });
      await this.#atCoordinator("the heartbeat", beat, signal);
      this.#confirmedAtMs = askedAtMs;
      this.#generation = generation;
      this.wake();
    }
  }

  async #leave(): Promise<void> {
    const { groupId } = this.#options;
    if (this.#memberId === "") return;
    try {
      await this.#atCoordinator("the leave", (coordinator) =>
        coordinator.leaveGroup({ groupId, memberId: this.#memberId }),
      );
    } catch (error) {
      // Who is no member, or cannot say that it leaves, is left out after its session.
      if (!isPassing(causeOf(error)) && !expelled.has(answerOf(causeOf(error)) ?? "")) throw error;
    }
  }

  #atCoordinator<T>(what: string, run: (coordinator: Broker) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { link, groupId } = this.#options;
    return link.attemptAtCoordinator(what, { groupId, signal }, run);
  }

  /** Lets whoever waits for `changes` look again. */
  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** The partitions that a member had in the generation before. */
function claimed(memberMetadata: Buffer): number[] {
  const { userData } = AssignerProtocol.MemberMetadata.decode(memberMetadata) ?? {};
  return userData?.length ? (JSON.parse(userData.toString()) as number[]) : [];
}

/** What kafkajs said, behind the translation. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.name === "GatewayError" ? error.cause : error;
}

/** How far a group has come in each partition, by what a broker says. */
export async function committedBy(
  link: TopicLink,
  groupId: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, CommittedOffset>> {
  const topics = [{ topic: link.topic, partitions: partitions.map((partition) => ({ partition })) }];
  const { responses } = await link.attemptAtCoordinator("the look-up of commits", { groupId }, (coordinator) =>
    coordinator.offsetFetch({ groupId, topics }),
  );
  const all = responses.flatMap((response) => response.partitions).filter(({ offset }) => BigInt(offset) >= 0n);
  return new Map(all.map((one) => [one.partition, one]));
}
