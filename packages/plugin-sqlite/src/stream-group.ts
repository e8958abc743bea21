import {
  type CallContext,
  GroupCoordinator,
  type GroupMember,
  type GroupSeat,
  type JoinRequest,
  LogCursor,
  type MemberOutlet,
  type Position,
} from "@prism-data/pattern-sdk";
import type { Store } from "./store.js";
import { type GroupPlace, nextOf } from "./stream-group-table.js";
import type { StreamLog } from "./stream-log.js";

/** How late members see that another process has let their group go. */
const lookMs = 100;

export interface StreamGroupOptions {
  readonly store: Store;
  readonly log: StreamLog;
  readonly namespaceId: number;
  readonly name: string;
  /** Called when the last member has left. */
  onEmpty(): void;
}

interface Member {
  readonly cursor: LogCursor;
  readonly outlet: MemberOutlet;
  readonly leaving: AbortController;
  /** `undefined`: another process has the group. */
  seat: GroupSeat | undefined;
}

/** What there is while the group is this process's. */
interface Held {
  readonly coordinator: GroupCoordinator;
  /** By partition, the first record that is not committed. */
  readonly next: Map<number, number>;
  readonly letGo: () => void;
}

/** The members that one group has in this process. */
export class StreamGroup {
  readonly #on: StreamGroupOptions;
  readonly #members = new Set<Member>();
  #id = 0;
  #held: Held | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: StreamGroupOptions) {
    this.#on = options;
  }

  async join({ start }: JoinRequest, outlet: MemberOutlet, context: CallContext): Promise<GroupMember> {
    const member: Member = {
      cursor: new LogCursor(this.#on.log),
      outlet,
      leaving: new AbortController(),
      seat: undefined,
    };
    this.#members.add(member);
    try {
      await this.#begin({ latest: start.kind === "latest" }, context);
    } catch (error) {
      await this.#leave(member);
      throw error;
    }
    if (member.seat === undefined) outlet.assigned([]);
    void this.#deliver(member, AbortSignal.any([context.signal, member.leaving.signal]));
    return {
      commit: (positions, call) => this.#commit(member, positions, call),
      leave: () => this.#leave(member),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => this.#leave(member)));
  }

  async #begin(start: { latest: boolean }, context: CallContext): Promise<void> {
    const { store, namespaceId, name } = this.#on;
    const apply = () => {
      this.#id = store.groups.begin(namespaceId, name, start);
      return this.#claimed();
    };
    await store.commits.submit({ context, apply, onCommitted: (places) => this.#took(places) });
  }

  /** The places of the group if this process has it now. Runs inside a transaction. */
  #claimed(): readonly GroupPlace[] | undefined {
    const { ownership, groups } = this.#on.store;
    return ownership.claim(this.#id) ? groups.places(this.#id) : undefined;
  }

  #took(places: readonly GroupPlace[] | undefined): void {
    if (places === undefined) {
      this.#looking ??= setInterval(() => void this.#look(), lookMs).unref();
      return;
    }
    this.#stopLooking();
    this.#held ??= {
      coordinator: new GroupCoordinator(this.#on.log.partitions),
      next: new Map(places.map((place) => [place.partition, nextOf(place)])),
      letGo: this.#on.store.ownership.hold(this.#id, () => this.#lost()),
    };
    const { coordinator } = this.#held;
    for (const member of this.#members)
      member.seat ??= coordinator.join(this.#on.name, (partitions) => this.#tell(member, partitions));
  }

  /** Another process has the group: what is delivered here from now on does not count. */
  #lost(): void {
    this.#held = undefined;
    for (const member of this.#members) {
      member.seat = undefined;
      member.cursor.keep([]);
      member.outlet.assigned([]);
    }
    this.#took(undefined);
  }

  async #look(): Promise<void> {
    const { file, ownership, commits } = this.#on.store;
    try {
      if (!file.read(() => ownership.isFree(this.#id))) return;
      await commits.submit({ apply: () => this.#claimed(), onCommitted: (places) => this.#took(places) });
    } catch {
      // The members learn from their reads that the file does not serve; the next look tries again.
    }
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #tell({ cursor, outlet }: Member, partitions: readonly number[]): void {
    cursor.keep(partitions);
    for (const partition of partitions)
      if (!cursor.has(partition)) cursor.add(partition, BigInt(this.#held!.next.get(partition)!));
    outlet.assigned(partitions);
    this.#on.log.news.ring();
  }

  async #deliver({ cursor, outlet }: Member, ended: AbortSignal): Promise<void> {
    try {
      await cursor.deliver(outlet, ended);
    } catch (error) {
      if (!ended.aborted) outlet.failed(error);
    }
  }

  #commit(member: Member, positions: readonly Position[], context: CallContext): Promise<readonly Position[]> {
    const { commits, groups, ownership } = this.#on.store;
    const apply = () => {
      if (!ownership.owns(this.#id)) return [];
      return positions.filter(
        ({ partition, offset }) => member.seat?.has(partition) && groups.commit(this.#id, partition, Number(offset)),
      );
    };
    const onCommitted = (counted: readonly Position[]) => {
      for (const { partition, offset } of counted) this.#held?.next.set(partition, Number(offset) + 1);
    };
    return commits.submit({ context, apply, onCommitted, steps: positions.length });
  }

  async #leave(member: Member): Promise<void> {
    if (!this.#members.delete(member)) return;
    member.leaving.abort();
    member.cursor.keep([]);
    member.seat?.leave();
    if (this.#members.size === 0) await this.#release();
  }

  /** Lets the group go, unless somebody has joined meanwhile. */
  async #release(): Promise<void> {
    const { commits, ownership } = this.#on.store;
    try {
      await commits.submit({
        apply: () => {
          if (this.#members.size === 0) ownership.release(this.#id);
        },
      });
    } catch {
      // With a file that does not serve, the claim ends by itself.
    }
    if (this.#members.size > 0) return;
    this.#stopLooking();
    this.#held?.letGo();
    this.#held = undefined;
    this.#on.onEmpty();
  }
}
