import { balancedShares } from "./balanced-shares.js";

/** A member's place in its group. */
export interface GroupSeat {
  /** Whether the member has this partition now. */
  has(partition: number): boolean;
  /** Gives the place up; its partitions go to the other members before this returns. Again: does nothing. */
  leave(): void;
}

interface Seat {
  partitions: ReadonlySet<number>;
  readonly onAssigned: (partitions: readonly number[]) => void;
}

/**
 * Shares the partitions of one log among the members of each of its groups, for a plugin whose process is the only one on its data.
 *
 * Every partition has exactly one member, and none has two more than another. When a member joins or leaves, as few partitions move as
 * that allows, and whoever loses one is told before whoever gets it. Remembers nothing of a group without members: how far
 * a group has come is the plugin's to keep.
 *
 * Everything happens within the calls, so that a plugin which checks `has` and acts without yielding never acts for two members.
 */
export class GroupCoordinator {
  readonly #partitions: number;
  readonly #groups = new Map<string, Seat[]>();

  /** `partitions`: how many the log has, 1 or more. */
  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /**
   * Adds a member. `onAssigned` is called with its partitions, ascending, once before this returns and then whenever they change; it must
   * not join or leave, and must not throw.
   */
  join(group: string, onAssigned: (partitions: readonly number[]) => void): GroupSeat {
    const seat: Seat = { partitions: new Set(), onAssigned };
    const before = this.#groups.get(group) ?? [];
    this.#seat(group, [...before, seat]);
    if (seat.partitions.size === 0) onAssigned([]);
    return {
      has: (partition) => seat.partitions.has(partition),
      leave: () => this.#leave(group, seat),
    };
  }

  #leave(group: string, seat: Seat): void {
    const members = this.#groups.get(group) ?? [];
    if (!members.includes(seat)) return;
    seat.partitions = new Set();
    this.#seat(
      group,
      members.filter((one) => one !== seat),
    );
  }

  #seat(group: string, members: Seat[]): void {
    if (members.length === 0) {
      this.#groups.delete(group);
      return;
    }
    this.#groups.set(group, members);
    const before = members.map(({ partitions }) => partitions);
    const after = balancedShares(before, this.#partitions);
    const changed = [...members.keys()].filter((index) => after[index]!.size !== before[index]!.size);
    for (const [index, seat] of members.entries()) seat.partitions = after[index]!;
    // Invariant: a partition is nobody's before it is somebody else's. No member both gives and gets.
    changed.sort((a, b) => gain(before, after, a) - gain(before, after, b));
    for (const index of changed) members[index]!.onAssigned([...after[index]!].sort((a, b) => a - b));
  }
}

type Shares = readonly ReadonlySet<number>[];

function gain(before: Shares, after: Shares, index: number): number {
  return after[index]!.size - before[index]!.size;
}
