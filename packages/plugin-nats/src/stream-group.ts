import { randomUUID } from "node:crypto";
import {
  type GroupMember,
  isBackendAway,
  keepDelivering,
  LogCursor,
  type MemberOutlet,
  type Position,
} from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { HeldPartition } from "./held-partition.js";
import type { Names } from "./names.js";
import type { StreamLog } from "./stream-log.js";
import { StreamPlaces } from "./stream-places.js";
import { StreamReader } from "./stream-reader.js";
import { partyLifeMs, type RosterSeat, StreamRoster } from "./stream-roster.js";

/** How often this process says that it is there, and looks whether others are, in ms. */
const beatMs = 1_000;

/** How much sooner this process does without its partitions than others take them, in ms. */
const fenceMarginMs = 500;

/** How soon is looked again for partitions that their last owner, in another process, has not let go yet, in ms. */
const handoverMs = 25;

interface Seat {
  readonly id: string;
  readonly latest: boolean;
  readonly cursor: LogCursor;
  readonly outlet: MemberOutlet;
  readonly leaving: AbortController;
  isTold: boolean;
}

/**
 * The members of one group in this process.
 *
 * The roster on JetStream says whose each partition is to be; whoever is to have it writes its name into the partition's place before it
 * reads the first record, and takes it out after its member was told. A process that is not heard of is left out of the roster;
 * it has given up its partitions by then.
 */
export class StreamGroup {
  readonly #connection: Connection;
  readonly #log: StreamLog;
  readonly #roster: StreamRoster;
  readonly #places: StreamPlaces;
  #party = "";
  #seats: Seat[] = [];
  /** By partition. */
  #held = new Map<number, HeldPartition>();
  /** Partitions that members have not any more, and whose places still have their names. */
  readonly #releasing = new Map<number, HeldPartition>();
  #sharing: Promise<void> | undefined;
  #isAskedAgain = false;
  #beginning: Promise<void> | undefined;
  #stops: (() => void)[] = [];
  #fence: NodeJS.Timeout | undefined;

  constructor(connection: Connection, names: Names, log: StreamLog, name: string) {
    this.#connection = connection;
    this.#log = log;
    this.#roster = new StreamRoster(connection, names, { group: name, partitions: log.partitions });
    this.#places = new StreamPlaces(connection, names, name);
  }

  async join(outlet: MemberOutlet, { latest, signal }: { latest: boolean; signal: AbortSignal }): Promise<GroupMember> {
    const leaving = new AbortController();
    const cursor = new LogCursor(new StreamReader(this.#log));
    const seat = { id: randomUUID(), latest, cursor, outlet, leaving, isTold: false };
    this.#seats.push(seat);
    try {
      await this.#begin();
      await this.#share();
    } catch (error) {
      await this.#leave(seat);
      throw error;
    }
    if (!seat.isTold) this.#tell(seat);
    void this.#deliver(seat, AbortSignal.any([signal, leaving.signal]));
    return {
      commit: (positions) => this.#commit(seat, positions),
      leave: () => this.#leave(seat),
    };
  }

  async close(): Promise<void> {
    for (const seat of [...this.#seats]) await this.#leave(seat);
  }

  async #leave(seat: Seat): Promise<void> {
    if (!this.#seats.includes(seat)) return;
    seat.leaving.abort();
    seat.cursor.keep([]);
    this.#seats = this.#seats.filter((one) => one !== seat);
    try {
      await this.#share();
    } catch (error) {
      // Members of a process that is not heard of are left out.
      if (!isBackendAway(error)) throw error;
    } finally {
      if (this.#seats.length === 0) this.#rest();
    }
  }

  /** Is there for others as long as there are members. */
  #begin(): Promise<void> {
    this.#beginning ??= this.#beginParty().catch((error) => {
      this.#rest();
      throw error;
    });
    return this.#beginning;
  }

  async #beginParty(): Promise<void> {
    this.#party = randomUUID();
    await this.#beat();
    const timer = setInterval(() => this.#beatSoon(), beatMs);
    this.#stops.push(
      () => clearInterval(timer),
      this.#roster.onChange(() => this.#shareSoon()),
      this.#connection.onUp(() => this.#beatSoon()),
    );
  }

  #rest(): void {
    for (const stop of this.#stops.splice(0)) stop();
    clearTimeout(this.#fence);
    this.#fence = undefined;
    this.#beginning = undefined;
    this.#held.clear();
    this.#releasing.clear();
  }

  async #beat(): Promise<void> {
    const askedAtMs = performance.now();
    await this.#roster.beat(this.#party);
    clearTimeout(this.#fence);
    const leftMs = askedAtMs + partyLifeMs - fenceMarginMs - performance.now();
    this.#fence = setTimeout(() => this.#lose(), leftMs);
  }

  #beatSoon(): void {
    this.#survive(this.#beat().then(() => this.#share()));
  }

  #shareSoon(): void {
    this.#survive(this.#share());
  }

  /** An outage passes; whatever else fails ends the members. */
  #survive(work: Promise<void>): void {
    work.catch((error) => {
      if (isBackendAway(error)) return;
      for (const { outlet } of this.#seats) outlet.failed(error);
    });
  }

  /** NATS has not heard of this process for too long: others may have the partitions soon. */
  #lose(): void {
    this.#fence = undefined;
    this.#held.clear();
    this.#releasing.clear();
    for (const seat of this.#seats) if (seat.isTold) this.#tell(seat);
  }

  /** Does what the roster says. One at a time; whoever asks meanwhile makes it look once more. */
  #share(): Promise<void> {
    this.#isAskedAgain = true;
    this.#sharing ??= this.#shareUntilDone().finally(() => {
      this.#sharing = undefined;
    });
    return this.#sharing;
  }

  async #shareUntilDone(): Promise<void> {
    // Without a fence nothing may be taken: this process may not be heard of.
    while (this.#isAskedAgain && this.#fence !== undefined) {
      this.#isAskedAgain = false;
      const roster = await this.#roster.settle(this.#party, () => this.#seats.map(({ id }) => id));
      const owners = ownersOf(roster);
      await this.#letGo(owners);
      // The last owner of a partition, in another process, lets go in a moment.
      if (await this.#takeUp(owners, roster)) setTimeout(() => this.#shareSoon(), handoverMs);
    }
  }

  /** Tells members of partitions that they have not any more, and only then lets others have them. */
  async #letGo(owners: ReadonlyMap<number, string>): Promise<void> {
    const lost = [...this.#held].filter(([partition, { owner }]) => owners.get(partition) !== owner);
    for (const [partition, held] of lost) {
      this.#held.delete(partition);
      this.#releasing.set(partition, held);
    }
    const losers = new Set(lost.map(([, { owner }]) => owner));
    for (const seat of this.#seats) if (losers.has(seat.id)) this.#tell(seat);
    await Promise.all(
      [...this.#releasing].map(async ([partition, held]) => {
        await held.release();
        this.#releasing.delete(partition);
      }),
    );
  }

  /** Takes up partitions that are free; returns whether some are not. */
  async #takeUp(owners: ReadonlyMap<number, string>, roster: readonly RosterSeat[]): Promise<boolean> {
    const wanted = [...owners].filter(
      ([partition, owner]) => !this.#held.has(partition) && this.#seats.some(({ id }) => id === owner),
    );
    const others = new Set(roster.filter(({ party }) => party !== this.#party).map(({ id }) => id));
    const begun = await Promise.allSettled(
      wanted.map(([partition, owner]) => this.#take(partition, owner, (id) => others.has(id))),
    );
    for (const seat of this.#seats) this.#begun(seat, begun);
    const failed = begun.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    return begun.some((one) => one.status === "fulfilled" && one.value === undefined);
  }

  #begun(seat: Seat, begun: readonly PromiseSettledResult<Begun | undefined>[]): void {
    const gained = begun.flatMap((one) =>
      one.status === "fulfilled" && one.value?.owner === seat.id && this.#held.has(one.value.partition)
        ? [one.value]
        : [],
    );
    if (gained.length === 0) return;
    this.#tell(seat);
    for (const { partition, next } of gained) seat.cursor.add(partition, next);
    this.#log.news.ring();
  }

  /** `undefined`: another member has it yet. */
  async #take(partition: number, owner: string, isOther: (id: string) => boolean): Promise<Begun | undefined> {
    const [{ sequence, place }, heads] = await Promise.all([
      this.#places.find(partition),
      this.#log.heads([partition]),
    ]);
    if (place?.owner !== undefined && isOther(place.owner)) return undefined;
    const { retainedFrom, nextOffset } = heads.get(partition)!;
    const isLatest = this.#seats.find(({ id }) => id === owner)?.latest;
    const { next, committed } = place ?? { next: isLatest ? nextOffset : retainedFrom };
    const taken = { owner, next, committed };
    const written = await this.#places.write(partition, taken, sequence);
    if (written === undefined || this.#fence === undefined) return undefined;
    const held = { places: this.#places, partition, owner, place: taken, sequence: written };
    this.#held.set(partition, new HeldPartition(held));
    return { partition, owner, next };
  }

  #tell(seat: Seat): void {
    const partitions = [...this.#held].filter(([, { owner }]) => owner === seat.id).map(([partition]) => partition);
    seat.cursor.keep(partitions);
    seat.isTold = true;
    seat.outlet.assigned(partitions.sort((a, b) => a - b));
  }

  /** Never rejects. */
  #deliver({ cursor, outlet }: Seat, signal: AbortSignal): Promise<void> {
    return keepDelivering(() => cursor.deliver(outlet, signal), { signal, failed: (error) => outlet.failed(error) });
  }

  async #commit(seat: Seat, positions: readonly Position[]): Promise<Position[]> {
    const counted = await Promise.all(
      positions.map(async ({ partition, offset }) => {
        const held = this.#held.get(partition);
        if (held?.owner !== seat.id || !held.accepts(offset)) return [];
        if (await held.commit(offset)) return [{ partition, offset }];
        // Somebody else has it: it is not this process's any more.
        if (this.#held.get(partition) === held) this.#held.delete(partition);
        this.#tell(seat);
        this.#shareSoon();
        return [];
      }),
    );
    return counted.flat();
  }
}

/** A partition that a member has from now on. */
interface Begun {
  readonly partition: number;
  readonly owner: string;
  readonly next: bigint;
}

function ownersOf(roster: readonly RosterSeat[]): ReadonlyMap<number, string> {
  return new Map(roster.flatMap(({ id, partitions }) => partitions.map((partition) => [partition, id] as const)));
}
