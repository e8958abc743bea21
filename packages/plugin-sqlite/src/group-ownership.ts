import { randomUUID } from "node:crypto";
import type { GroupCommit } from "./group-commit.js";
import type { StreamGroupTable } from "./stream-group-table.js";

/** How long a group is a process's that does not say so again: how long its members wait elsewhere when it was killed. */
const ownedMs = 1_500;

/** Several renewals fit into that time, so that a slow one does not lose a group. */
const renewMs = ownedMs / 3;

export interface GroupOwnershipOptions {
  readonly groups: StreamGroupTable;
  readonly commits: GroupCommit;
  readonly nowMs: () => number;
}

/**
 * The groups whose members this process delivers to. While Prism replaces the process, the members of the new one wait until those of
 * the old one have left: so each partition has one member, whichever process it is in.
 *
 * A process that stands still for longer than its claim may deliver for a moment what another has taken over; it commits nothing.
 */
export class GroupOwnership {
  readonly #process = randomUUID();
  readonly #on: GroupOwnershipOptions;
  readonly #held = new Map<number, () => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GroupOwnershipOptions) {
    this.#on = options;
  }

  /** Takes a group unless another process has it. Runs inside a transaction; on disk, `hold` it. */
  claim(groupId: number): boolean {
    return this.#on.groups.claim(groupId, { ...this.#claim(), nowMs: this.#on.nowMs() });
  }

  /** Keeps a claim up until the returned function is called. `onLost`: another process has taken it. */
  hold(groupId: number, onLost: () => void): () => void {
    this.#held.set(groupId, onLost);
    this.#timer ??= setInterval(() => this.#renew(), renewMs).unref();
    return () => {
      if (this.#held.get(groupId) === onLost) this.#held.delete(groupId);
      if (this.#held.size === 0) this.close();
    };
  }

  /** Whether a claim would succeed now. */
  isFree(groupId: number): boolean {
    return this.#on.groups.isFree(groupId, this.#on.nowMs());
  }

  /** Whether the group is this process's. */
  owns(groupId: number): boolean {
    return this.#on.groups.isOwner(groupId, this.#process);
  }

  /** Lets another process have the group. Runs inside a transaction. */
  release(groupId: number): void {
    this.#on.groups.release(groupId, this.#process);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #renew(): void {
    const apply = () => [...this.#held].filter(([groupId]) => !this.#on.groups.renew(groupId, this.#claim()));
    const onCommitted = (lost: ReturnType<typeof apply>) => {
      for (const [groupId, onLost] of lost) {
        this.#held.delete(groupId);
        onLost();
      }
    };
    // A renewal that fails is made up for by the next.
    this.#on.commits.submit({ apply, onCommitted }).catch(() => undefined);
  }

  #claim(): { readonly process: string; readonly untilMs: number } {
    return { process: this.#process, untilMs: this.#on.nowMs() + ownedMs };
  }
}
