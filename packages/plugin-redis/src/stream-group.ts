import { randomUUID } from "node:crypto";
import {
  type GroupMember,
  isBackendAway,
  type JoinRequest,
  keepDelivering,
  LogCursor,
  type MemberOutlet,
  type Position,
} from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import { ChannelListener } from "./channel-listener.js";
import type { Argument, Reply } from "./connection.js";
import { notListening } from "./errors.js";
import { commitScript, letGoScript, notThere, shareScript } from "./group-scripts.js";
import { grouped } from "./grouped.js";
import { encodeName } from "./key-space.js";
import type { Script } from "./scripts.js";
import type { StreamLog } from "./stream-log.js";

/** How often the server is told which members there are, and is looked whether those of other processes are, in ms. */
const shareEveryMs = 1_000;

/** How often that may go wrong, each time after waiting for an answer, before the members count as gone. */
const wordsMissedMax = 3;

/** How soon is looked again for partitions that their last owner, in another process, has not let go yet. */
const handoverMs = 25;

export interface StreamGroupOptions {
  readonly log: StreamLog;
  /** Its connection shows that this process is there. */
  readonly feed: ChangeFeed;
  /** After how long this process takes a connection for lost on which the server says nothing, in ms. */
  readonly silenceTimeoutMs: number;
  /** What the group's channels start with, and what they end with: the database. */
  readonly base: string;
  readonly database: number;
  readonly name: string;
}

/** A partition that a member is to have, or holds. */
interface Share {
  readonly partition: number;
  readonly owner: string;
  readonly holder: string;
  readonly epoch: number;
  readonly from: bigint;
}

/** A partition that a member has. */
interface Held {
  readonly owner: string;
  readonly epoch: number;
}

interface Seat {
  readonly id: string;
  readonly start: JoinRequest["start"]["kind"];
  readonly cursor: LogCursor;
  readonly outlet: MemberOutlet;
  readonly leaving: AbortController;
  isTold: boolean;
}

/**
 * The members of one group in this process. Which partitions they have, and until when, says the server (group-scripts.ts): it knows by a
 * connection that this process is there, and is told again and again which members it has.
 */
export class StreamGroup {
  readonly #log: StreamLog;
  readonly #name: string;
  readonly #channel: string;
  readonly #aliveChannel: string;
  readonly #thereForMs: number;
  readonly #listen: () => readonly [ChannelListener, ChannelListener];
  #seats: Seat[] = [];
  /** By partition. */
  #held = new Map<number, Held>();
  #sharing: Promise<void> | undefined;
  #isAskedAgain = false;
  /** That which shows that this process is there, and that on which is told that partitions can be taken. */
  #listeners: readonly [ChannelListener, ChannelListener] | undefined;
  /** Runs while there are members, or the server may think so. */
  #timer: NodeJS.Timeout | undefined;

  constructor({ log, feed, silenceTimeoutMs, base, database, name }: StreamGroupOptions) {
    this.#log = log;
    this.#name = encodeName(name);
    this.#thereForMs = wordsMissedMax * (shareEveryMs + silenceTimeoutMs);
    this.#channel = `${base}group:${this.#name}:${database}`;
    this.#aliveChannel = `${base}alive:${randomUUID()}:${database}`;
    const alive = {
      channel: this.#aliveChannel,
      onUp: () => this.#shareSoon(),
      onDown: () => this.#lose(),
    };
    const news = { channel: this.#channel, onMessage: () => this.#shareSoon() };
    this.#listen = () => [new ChannelListener({ feed, ...alive }), new ChannelListener({ feed, ...news })];
  }

  async join({ start }: JoinRequest, outlet: MemberOutlet, signal: AbortSignal): Promise<GroupMember> {
    this.#listeners ??= this.#listen();
    await this.#listeners[0].ready();
    const leaving = new AbortController();
    const cursor = new LogCursor(this.#log);
    const seat: Seat = { id: randomUUID(), start: start.kind, cursor, outlet, leaving, isTold: false };
    this.#seats.push(seat);
    this.#timer ??= setInterval(() => this.#shareSoon(), shareEveryMs);
    try {
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
    this.#rest();
    for (const listener of this.#listeners ?? []) listener.close();
  }

  async #leave(seat: Seat): Promise<void> {
    if (!this.#seats.includes(seat)) return;
    seat.leaving.abort();
    seat.cursor.keep([]);
    this.#seats = this.#seats.filter((one) => one !== seat);
    this.#held = new Map([...this.#held].filter(([, { owner }]) => owner !== seat.id));
    try {
      await this.#share();
    } catch (error) {
      // The server is told as soon as it can be.
      if (!isBackendAway(error)) throw error;
    }
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The connection is lost: others may have the partitions by now. */
  #lose(): void {
    this.#held = new Map();
    for (const seat of this.#seats) if (seat.isTold) this.#tell(seat);
  }

  #shareSoon(): void {
    if (this.#timer === undefined) return;
    this.#share().catch((error) => this.#failUnlessOutage(error));
  }

  /** An outage ends by itself, and is told when it has ended. */
  #failUnlessOutage(error: unknown): void {
    if (isBackendAway(error)) return;
    for (const { outlet } of this.#seats) outlet.failed(error);
  }

  /** Does what the server says about whose partitions are. One at a time; whoever asks meanwhile makes it look once more. */
  #share(): Promise<void> {
    this.#isAskedAgain = true;
    this.#sharing ??= this.#shareUntilDone();
    return this.#sharing;
  }

  async #shareUntilDone(): Promise<void> {
    try {
      do {
        this.#isAskedAgain = false;
        await this.#shareOnce();
      } while (this.#isAskedAgain);
      // The server knows it now.
      if (this.#seats.length === 0) this.#rest();
    } finally {
      this.#sharing = undefined;
    }
  }

  async #shareOnce(): Promise<void> {
    const shares = await this.#shares();
    await this.#letGo(shares);
    this.#takeUp(shares);
    // Held by an owner in another process, who lets it go in a moment.
    if (shares.some(({ owner, holder }) => this.#isOwn(owner) && owner !== holder && !this.#isOwn(holder)))
      setTimeout(() => this.#shareSoon(), handoverMs);
  }

  async #shares(): Promise<readonly Share[]> {
    const members = this.#seats.flatMap(({ id, start }) => [id, start === "latest" ? "1" : ""]);
    const args = [this.#aliveChannel, this.#log.partitions, this.#thereForMs, ...members];
    const reply = (await this.#run(shareScript, args)) as Reply[];
    if (reply[0] === notThere) throw notListening();
    return grouped(reply, 5).map(([partition, owner, holder, epoch, from]) => ({
      partition: Number(partition),
      owner: String(owner),
      holder: String(holder),
      epoch: Number(epoch),
      from: BigInt(String(from)),
    }));
  }

  #isOwn(member: string): boolean {
    return this.#seats.some(({ id }) => id === member);
  }

  /** Tells members of partitions that they have not any more, and only then lets others have them. */
  async #letGo(shares: readonly Share[]): Promise<void> {
    const kept = new Map(shares.map((share) => [share.partition, share]));
    const isKept = ([partition, { owner, epoch }]: readonly [number, Held]) => {
      const share = kept.get(partition);
      return share?.owner === owner && share.holder === owner && share.epoch === epoch;
    };
    const lost = [...this.#held].filter((held) => !isKept(held));
    for (const [partition] of lost) this.#held.delete(partition);
    const losers = new Set(lost.map(([, { owner }]) => owner));
    for (const seat of this.#seats) if (losers.has(seat.id)) this.#tell(seat);
    const letGo = shares.filter(({ owner, holder }) => owner !== holder && this.#isOwn(holder));
    if (letGo.length === 0) return;
    await this.#run(
      letGoScript,
      letGo.flatMap(({ partition, holder }) => [partition, holder]),
    );
    this.#isAskedAgain = true;
  }

  #takeUp(shares: readonly Share[]): void {
    const gained = shares.filter(({ partition, owner, holder }) => owner === holder && !this.#held.has(partition));
    for (const seat of this.#seats) {
      const own = gained.filter(({ owner }) => owner === seat.id);
      if (own.length === 0) continue;
      for (const { partition, owner, epoch } of own) this.#held.set(partition, { owner, epoch });
      this.#tell(seat);
      for (const { partition, from } of own) seat.cursor.add(partition, from);
    }
    if (gained.length > 0) this.#log.news.ring();
  }

  #tell(seat: Seat): void {
    const partitions = [...this.#held]
      .filter(([, { owner }]) => owner === seat.id)
      .map(([partition]) => partition)
      .sort((a, b) => a - b);
    seat.cursor.keep(partitions);
    seat.isTold = true;
    seat.outlet.assigned(partitions);
  }

  /** Never rejects. */
  #deliver({ cursor, outlet }: Seat, signal: AbortSignal): Promise<void> {
    const { news } = this.#log;
    return keepDelivering(() => cursor.deliver(outlet, signal), {
      signal,
      whileAway: () => news.rung(news.rings, signal),
      failed: (error) => outlet.failed(error),
    });
  }

  async #commit(seat: Seat, positions: readonly Position[]): Promise<Position[]> {
    const entries = positions.flatMap((position) => {
      const held = this.#held.get(position.partition);
      return held?.owner === seat.id ? [{ ...position, epoch: held.epoch }] : [];
    });
    if (entries.length === 0) return [];
    const counted = (await this.#run(
      commitScript,
      entries.flatMap(({ partition, epoch, offset }) => [partition, epoch, String(offset)]),
    )) as number[];
    return entries.filter((_, index) => counted[index] === 1).map(({ partition, offset }) => ({ partition, offset }));
  }

  #run(script: Script, args: readonly Argument[]): Promise<Reply> {
    return this.#log.runOfGroup(script, this.#channel, [this.#name, ...args]);
  }
}
