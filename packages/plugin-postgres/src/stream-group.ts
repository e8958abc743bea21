import {
  type CallContext,
  type GroupMember,
  isBackendAway,
  keepDelivering,
  LogCursor,
  type MemberOutlet,
  type Position,
} from "@prism-data/pattern-sdk";
import { int4Array, int8Array } from "./binary-array.js";
import type { Connection } from "./connection.js";
import { dealtOut, GroupCommit } from "./group-commit.js";
import type { Namespace } from "./namespace.js";
import { lockClass } from "./schema/lock-class.js";
import { placeLock } from "./schema/stream-tables.js";
import type { Statement } from "./statement.js";
import type { StreamLog } from "./stream-log.js";

/** How often is looked whether members in other processes have gone without a word, in ms. */
const shareEveryMs = 1_000;

/** How soon is looked again for partitions that their last owner, in another process, has not let go yet. */
const handoverMs = 25;

const groupLoad = 16;

const enter: Statement = { name: "stream_join", text: "SELECT stream_join($1, $2, $3) AS id" };
const share: Statement = { name: "stream_share", text: "SELECT * FROM stream_share($1, $2, $3)" };
const leave: Statement = { name: "stream_leave", text: "SELECT stream_leave($1, $2, $3)" };
const take: Statement = { name: "stream_take", text: "SELECT * FROM stream_take($1, $2, $3)" };
const commit: Statement = { name: "stream_commit", text: "SELECT * FROM stream_commit($1, $2, $3, $4, $5)" };
const tellOthers: Statement = { name: "stream_group_notify", text: "SELECT stream_group_notify($1)" };
const lock: Statement = {
  name: "stream_lock",
  text: "SELECT lock_id, pg_try_advisory_lock($1, lock_id) AS locked FROM unnest($2::int[]) AS lock_id",
};
const unlock: Statement = {
  name: "stream_unlock",
  text: "SELECT pg_advisory_unlock($1, lock_id) FROM unnest($2::int[]) AS lock_id",
};

export interface StreamGroupOptions {
  readonly connection: Connection;
  readonly namespace: Namespace;
  readonly log: StreamLog;
  readonly name: string;
}

/** A partition that a member is to have. */
interface Share {
  readonly partition: number;
  readonly lock_id: number;
  readonly owner: bigint;
}

/** A partition that a member has. */
interface Held {
  readonly lockId: number;
  readonly owner: bigint;
  readonly epoch: bigint;
}

interface Seat {
  /** The member on the server, as long as the session lives that it came in on. `undefined`: it is not there yet, or not any more. */
  id: bigint | undefined;
  readonly latest: boolean;
  readonly cursor: LogCursor;
  readonly outlet: MemberOutlet;
  readonly leaving: AbortController;
  isTold: boolean;
}

interface CommitEntry extends Position {
  readonly epoch: bigint;
}

/**
 * The members of one group in this process.
 *
 * The server says whose each partition is to be; whoever is to have it holds its advisory lock on the process's lasting session before it
 * reads the first record, and lets it go after its member was told. So a partition is never read for two members, and when a process
 * dies, its session and with it its locks are gone.
 */
export class StreamGroup {
  readonly #options: StreamGroupOptions;
  readonly #nameBytes: Buffer;
  readonly #lockClass: number;
  readonly #commits: GroupCommit<readonly CommitEntry[], readonly boolean[]>;
  #seats: Seat[] = [];
  /** Members whom the server still counts, because it could not be told that they have left. */
  #left: bigint[] = [];
  /** How often the session was lost. */
  #losses = 0;
  /** By partition. */
  #held = new Map<number, Held>();
  #sharing: Promise<void> | undefined;
  #isAskedAgain = false;
  #stopListening: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamGroupOptions) {
    const { connection, name } = options;
    this.#options = options;
    this.#nameBytes = Buffer.from(name);
    this.#lockClass = lockClass(connection.access.schema, placeLock);
    this.#commits = new GroupCommit({
      address: connection.address,
      apply: async (entries) => dealtOut(entries, await this.#commit(entries.flat())),
    });
  }

  async join(outlet: MemberOutlet, { latest, signal }: { latest: boolean; signal: AbortSignal }): Promise<GroupMember> {
    const leaving = new AbortController();
    const cursor = new LogCursor(this.#options.log);
    const seat: Seat = { id: undefined, latest, cursor, outlet, leaving, isTold: false };
    try {
      this.#seats.push(seat);
      await this.#listen();
      await this.#share();
    } catch (error) {
      await this.#leave(seat);
      throw error;
    }
    if (!seat.isTold) this.#tell(seat);
    void this.#deliver(seat, AbortSignal.any([signal, leaving.signal]));
    return {
      commit: (positions, context) => this.#commitFor(seat, positions, context),
      leave: () => this.#leave(seat),
    };
  }

  async close(): Promise<void> {
    for (const seat of [...this.#seats]) await this.#leave(seat);
    this.#rest();
  }

  /** Tells the server who has left and who is new: on the session, which says for how long a member is there. */
  async #announce(): Promise<void> {
    for (const id of [...this.#left]) {
      await this.#onSession(leave, id);
      this.#left = this.#left.filter((one) => one !== id);
    }
    for (const seat of this.#seats) {
      // Not before somebody listens for the loss of the session that it comes in on.
      if (seat.id !== undefined || this.#timer === undefined) continue;
      const losses = this.#losses;
      const [row] = await this.#onSession<{ id: bigint }>(enter, seat.latest);
      if (losses !== this.#losses) continue;
      if (this.#seats.includes(seat)) seat.id = row!.id;
      else this.#left.push(row!.id);
    }
  }

  #onSession<Row extends object>(statement: Statement, value: bigint | boolean): Promise<readonly Row[]> {
    const { connection, namespace } = this.#options;
    return namespace.use((id) => connection.session.run<Row>(statement, [id, this.#nameBytes, value]));
  }

  async #leave(seat: Seat): Promise<void> {
    if (!this.#seats.includes(seat)) return;
    seat.leaving.abort();
    seat.cursor.keep([]);
    this.#seats = this.#seats.filter((one) => one !== seat);
    if (seat.id !== undefined) this.#left.push(seat.id);
    try {
      await this.#share();
    } catch (error) {
      // With the session gone, the member is gone too; otherwise the server is told as soon as it can be.
      if (!isBackendAway(error)) throw error;
    }
  }

  async #listen(): Promise<void> {
    if (this.#timer !== undefined) return;
    const { connection, namespace } = this.#options;
    const id = await namespace.use(async (found) => found);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#shareSoon(), shareEveryMs);
    this.#stopListening.push(
      connection.bell.on(`stream-group:${id}`, () => this.#shareSoon()),
      connection.onDown(() => this.#lose()),
      connection.onUp(() => this.#shareSoon()),
    );
  }

  #rest(): void {
    for (const stop of this.#stopListening.splice(0)) stop();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The session is lost, and with it all members and locks: others may have the partitions by now. */
  #lose(): void {
    this.#losses += 1;
    this.#left = [];
    this.#held = new Map();
    for (const seat of this.#seats) {
      seat.id = undefined;
      seat.cursor.keep([]);
      if (seat.isTold) this.#tell(seat);
    }
  }

  #shareSoon(): void {
    this.#share().catch((error) => {
      if (isBackendAway(error)) return;
      for (const { outlet } of this.#seats) outlet.failed(error);
    });
  }

  /** Does what the server says about whose partitions are. One at a time; whoever asks meanwhile makes it look once more. */
  #share(): Promise<void> {
    this.#isAskedAgain = true;
    this.#sharing ??= this.#shareUntilDone().finally(() => {
      this.#sharing = undefined;
    });
    return this.#sharing;
  }

  async #shareUntilDone(): Promise<void> {
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      await this.#announce();
      const ids = int8Array(this.#seats.flatMap(({ id }) => id ?? []));
      const shares = await this.#run<Share>(share, [this.#nameBytes, ids]);
      await this.#letGo(shares);
      const waitsForMore = await this.#takeUp(shares);
      // The lock of an owner in another process is let go in a moment.
      if (waitsForMore) setTimeout(() => this.#shareSoon(), handoverMs);
      if (this.#seats.length === 0 && this.#left.length === 0) this.#rest();
    }
  }

  /** Tells members of partitions that they have not any more, and only then lets others have them. */
  async #letGo(shares: readonly Share[]): Promise<void> {
    const owners = new Map(shares.map(({ partition, owner }) => [partition, owner]));
    const lost = [...this.#held].filter(([partition, { owner }]) => owners.get(partition) !== owner);
    if (lost.length === 0) return;
    for (const [partition] of lost) this.#held.delete(partition);
    const losers = new Set<bigint | undefined>(lost.map(([, { owner }]) => owner));
    for (const seat of this.#seats) if (losers.has(seat.id)) this.#tell(seat);
    await this.#session(
      unlock,
      lost.map(([, { lockId }]) => lockId),
    );
    await this.#run(tellOthers, []);
  }

  /** Takes partitions up whose locks are free; returns whether some are not. */
  async #takeUp(shares: readonly Share[]): Promise<boolean> {
    const wanted = shares.filter(({ partition }) => !this.#held.has(partition));
    if (wanted.length === 0) return false;
    const answers = await this.#session<{ lock_id: number; locked: boolean }>(
      lock,
      wanted.map(({ lock_id }) => lock_id),
    );
    const locked = new Set(answers.filter((answer) => answer.locked).map(({ lock_id }) => lock_id));
    const free = wanted.filter(({ lock_id }) => locked.has(lock_id));
    if (free.length > 0) await this.#beginOrUnlock(free);
    return free.length < wanted.length;
  }

  /** A lock that is held without being used would be counted twice when it is taken again, and never be free for others. */
  async #beginOrUnlock(shares: readonly Share[]): Promise<void> {
    try {
      await this.#begin(shares);
    } catch (error) {
      const unused = shares.filter(({ partition }) => !this.#held.has(partition));
      await this.#session(
        unlock,
        unused.map(({ lock_id }) => lock_id),
      ).catch(() => {});
      throw error;
    }
  }

  async #begin(shares: readonly Share[]): Promise<void> {
    const partitions = int4Array(shares.map(({ partition }) => partition));
    const begun = await this.#run<{ partition: number; epoch: bigint; from_offset: bigint }>(take, [
      this.#nameBytes,
      partitions,
    ]);
    const begins = new Map(begun.map((row) => [row.partition, row]));
    for (const { partition, lock_id, owner } of shares) {
      this.#held.set(partition, { lockId: lock_id, owner, epoch: begins.get(partition)!.epoch });
    }
    for (const seat of this.#seats) {
      const gained = shares.filter(({ owner }) => owner === seat.id);
      if (gained.length === 0) continue;
      this.#tell(seat);
      for (const { partition } of gained) seat.cursor.add(partition, begins.get(partition)!.from_offset);
    }
    this.#options.log.news.ring();
  }

  #tell(seat: Seat): void {
    const partitions = this.#partitionsOf(seat);
    seat.cursor.keep(partitions);
    seat.isTold = true;
    seat.outlet.assigned(partitions);
  }

  #partitionsOf({ id }: Seat): number[] {
    return [...this.#held]
      .filter(([, { owner }]) => owner === id)
      .map(([partition]) => partition)
      .sort((a, b) => a - b);
  }

  /** Never rejects. */
  #deliver({ cursor, outlet }: Seat, signal: AbortSignal): Promise<void> {
    const { news } = this.#options.log;
    return keepDelivering(() => cursor.deliver(outlet, signal), {
      signal,
      whileAway: () => news.rung(news.rings, signal),
      failed: (error) => outlet.failed(error),
    });
  }

  async #commitFor(seat: Seat, positions: readonly Position[], { deadlineMs }: CallContext): Promise<Position[]> {
    const entries = positions.flatMap((position) => {
      const held = this.#held.get(position.partition);
      return held !== undefined && held.owner === seat.id ? [{ ...position, epoch: held.epoch }] : [];
    });
    if (entries.length === 0) return [];
    const counted = await this.#commits.submit(entries, { deadlineMs, steps: entries.length });
    return entries.filter((_, index) => counted[index]).map(({ partition, offset }) => ({ partition, offset }));
  }

  async #commit(entries: readonly CommitEntry[]): Promise<boolean[]> {
    const rows = await this.#run<{ counted: boolean }>(commit, [
      this.#nameBytes,
      int4Array(entries.map(({ partition }) => partition)),
      int8Array(entries.map(({ epoch }) => epoch)),
      int8Array(entries.map(({ offset }) => offset)),
    ]);
    return rows.map(({ counted }) => counted);
  }

  #run<Row extends object>(statement: Statement, values: readonly (Buffer | bigint)[]): Promise<readonly Row[]> {
    return this.#options.log.run<Row>(statement, values, groupLoad);
  }

  #session<Row extends object>(statement: Statement, lockIds: readonly number[]): Promise<readonly Row[]> {
    return this.#options.connection.session.run<Row>(statement, [this.#lockClass, int4Array(lockIds)]);
  }
}
