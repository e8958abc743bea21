import {
  type DeliveryOutlet,
  isBackendAway,
  keepDelivering,
  type PubSubDelivery,
  type PubSubRejection,
  type Room,
  type Subscription,
} from "@prism-data/pattern-sdk";
import type { Msg } from "nats";
import type { Connection } from "./connection.js";
import type { DeadLetters } from "./dead-letters.js";
import { nanosecondsPerMs } from "./jet-stream.js";
import { type PubSubGroup, serverDelivery, workingMs } from "./pub-sub-group.js";
import type { PubSubNote, PubSubNotes } from "./pub-sub-notes.js";
import type { Subjects } from "./subjects.js";
import { messageOf } from "./wire-message.js";

/** The time of an app begins when a message reaches it, that of the group before: what lies between is the app's, in ms. */
const wayMs = 250;

/** How often a subscription shows that it is there although it has no room, in ms. */
const touchMs = 60_000;

const acknowledged = "+ACK";
const again = "-NAK";
const working = "+WPI";
const givenUp = "+TERM";

/** A message that the member has, and has said nothing of yet. */
interface Held {
  /** Where the server is told what becomes of it. */
  readonly reply: string;
  readonly sequence: number;
  readonly note: PubSubNote;
  /** What becomes a dead letter unless it is acknowledged. */
  readonly doomed: PubSubDelivery | undefined;
  /** When it is to come again, by `performance.now()`. */
  readonly endsAtMs: number;
  readonly timer: NodeJS.Timeout;
}

export interface GroupMemberOptions {
  readonly connection: Connection;
  readonly group: PubSubGroup;
  readonly subjects: Subjects;
  readonly notes: PubSubNotes;
  /** `undefined`: nothing is given up. */
  readonly deadLetters: DeadLetters | undefined;
  readonly outlet: DeliveryOutlet;
  /** How long a message may stay unacknowledged, in ms. `undefined`: what is taken is done with. */
  readonly acknowledgeTimeoutMs: number | undefined;
  /** Ends with the app's call; `close` comes a little later. */
  readonly signal: AbortSignal;
  /** Called once it has left, whether or not everything could be given back. */
  readonly onLeft: () => void;
}

/**
 * A member of a group, or the only one of its own: takes as much as there is room for. What it holds it keeps from others for as long as it
 * may, and the server gives it to them soon should this process die.
 */
export class GroupMember implements Subscription {
  readonly ordering = "total";
  readonly #options: GroupMemberOptions;
  readonly #closing = new AbortController();
  readonly #held = new Map<string, Held>();
  /** What has come too late. */
  readonly #unsent: string[] = [];
  readonly #left = Promise.withResolvers<void>();
  #delivering: Promise<void> = Promise.resolve();
  #touching: NodeJS.Timeout | undefined;
  #leaving: Promise<void> | undefined;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
  }

  /** Delivers until the subscription is closed. */
  begin(): void {
    const { group, outlet } = this.#options;
    const { signal } = this.#closing;
    this.#delivering = keepDelivering(() => this.#deliverOnce(signal), {
      signal,
      failed: (error) => outlet.failed(error),
    });
    if (!group.isOwn) return;
    this.#touching = setInterval(() => group.touch(signal).catch(() => {}), touchMs);
  }

  async acknowledge(deliveryIds: readonly string[]): Promise<void> {
    await this.#acknowledge(this.#released(deliveryIds).map(({ reply }) => reply));
  }

  async reject(deliveryIds: readonly string[], { delayMs, cause }: PubSubRejection): Promise<void> {
    const delayed = delayMs === 0 ? again : `${again} ${JSON.stringify({ delay: delayMs * nanosecondsPerMs })}`;
    await Promise.all(
      this.#released(deliveryIds).map(async (held) => {
        if (held.doomed !== undefined) return this.#giveUp(held, cause);
        await this.#noteCause(held, cause);
        this.#say(held.reply, delayed);
      }),
    );
    await this.#options.connection.flushed();
  }

  extend(deliveryIds: readonly string[], acknowledgeTimeoutMs: number): void {
    for (const deliveryId of deliveryIds) {
      const held = this.#held.get(deliveryId);
      if (held === undefined) continue;
      clearTimeout(held.timer);
      this.#hold(deliveryId, { ...held, endsAtMs: performance.now() + acknowledgeTimeoutMs + wayMs });
    }
  }

  close(): Promise<void> {
    this.#leaving ??= this.#leave().finally(() => {
      this.#options.onLeft();
      this.#left.resolve();
    });
    return this.#leaving;
  }

  /** Its group's name on the server. */
  get consumer(): string {
    return this.#options.group.consumer;
  }

  /** Resolves when it has left, whether or not everything could be given back. `undefined`: its app is there. */
  get left(): Promise<void> | undefined {
    return this.#isOver ? this.#left.promise : undefined;
  }

  async #leave(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#touching);
    // Before it has ended, what is given back here would come here again.
    await this.#delivering;
    const held = this.#released([...this.#held.keys()]);
    try {
      if (this.#options.group.isOwn) return await this.#options.group.remove();
      await Promise.all(this.#unsent.map((reply) => this.#noteUnsent(reply)));
      await this.#giveBack([...held.map(({ reply }) => reply), ...this.#unsent]);
    } catch (error) {
      // What is outstanding goes to others when the server has waited for a word in vain.
      if (!isBackendAway(error)) throw error;
    }
  }

  /** Whether nothing reaches the app any more. */
  get #isOver(): boolean {
    return this.#closing.signal.aborted || this.#options.signal.aborted;
  }

  async #deliverOnce(signal: AbortSignal): Promise<void> {
    const room = await this.#room(signal);
    if (room === undefined) return;
    let taken = Promise.resolve();
    const take = (message: Msg) => {
      taken = this.#take(message, taken);
      // The failure of one is that of those after it, and is told below.
      taken.catch(() => {});
    };
    try {
      await this.#options.group.pull(room, take, signal);
    } finally {
      // Only then the outlet knows how much room is left.
      await taken;
    }
  }

  /** `undefined`: the subscription is closed. */
  async #room(signal: AbortSignal): Promise<Room | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const stop = () => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const room = await Promise.race([this.#options.outlet.room(), promise]);
      return signal.aborted ? undefined : room;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Passes a message on once those before it are, whatever there is to be looked up first. */
  async #take(answer: Msg, before: Promise<void>): Promise<void> {
    const { outlet, notes, deadLetters, subjects, acknowledgeTimeoutMs } = this.#options;
    const reply = answer.reply!;
    const { sequence, count, storedAtMs } = serverDelivery(reply);
    const { message } = messageOf(answer.headers, answer.data);
    const topic = subjects.topicOf(answer.subject);
    const delivery = { topic, message, publishedAtMs: storedAtMs };
    if (acknowledgeTimeoutMs === undefined) {
      if (this.#isOver) return void this.#unsent.push(reply);
      await Promise.all([this.#acknowledge([reply]), before]);
      return outlet.send([{ ...delivery, deliveryId: "", deliveryCount: 1 }]);
    }
    const [note] = await Promise.all([notes.find(sequence, count), before]);
    if (this.#isOver) return void this.#unsent.push(reply);
    const sent = { ...delivery, deliveryId: `${sequence}-${count}`, deliveryCount: count - note.unsent };
    this.#hold(sent.deliveryId, {
      ...{ reply, sequence, note },
      doomed: deadLetters?.isLast(sent) ? sent : undefined,
      endsAtMs: performance.now() + acknowledgeTimeoutMs + wayMs,
    });
    outlet.send([sent]);
  }

  #hold(deliveryId: string, held: Omit<Held, "timer">): void {
    const inMs = Math.min(workingMs, held.endsAtMs - performance.now());
    this.#held.set(deliveryId, { ...held, timer: setTimeout(() => this.#keep(deliveryId, held), inMs) });
  }

  /** Keeps a message from others, or lets them have it when its time has run out. */
  #keep(deliveryId: string, held: Omit<Held, "timer">): void {
    if (performance.now() < held.endsAtMs) {
      this.#sayIfHeard(held.reply, working);
      this.#hold(deliveryId, held);
    } else {
      this.#held.delete(deliveryId);
      if (held.doomed === undefined) this.#sayIfHeard(held.reply, again);
      // What cannot be given up now comes again, and is given up then.
      else this.#giveUp(held, held.note.cause).catch(() => {});
    }
  }

  /** The dead letter is stored before the message is done with. */
  async #giveUp(
    { reply, sequence, doomed }: Pick<Held, "reply" | "sequence" | "doomed">,
    cause: string,
  ): Promise<void> {
    await this.#options.deadLetters!.bury({ ...doomed!, sequence }, cause);
    this.#say(reply, givenUp);
  }

  /** A cause is said in a dead letter, which another process may have to write. */
  async #noteCause({ sequence, note }: Held, cause: string): Promise<void> {
    const { deadLetters, notes } = this.#options;
    if (deadLetters !== undefined && cause !== note.cause) await notes.write(sequence, { ...note, cause });
  }

  /** A message that has never reached the app does not count as delivered. */
  async #noteUnsent(reply: string): Promise<void> {
    const { notes } = this.#options;
    const { sequence, count } = serverDelivery(reply);
    const note = await notes.find(sequence, count);
    await notes.write(sequence, { ...note, unsent: note.unsent + 1 });
  }

  /** Returns when the server has them back, which it works off one by one: whoever asks for messages now gets these first. */
  async #giveBack(replies: readonly string[]): Promise<void> {
    if (replies.length === 0) return;
    await this.#options.group.dropPulls();
    for (const reply of replies.slice(0, -1)) this.#say(reply, again);
    await this.#options.connection.request(replies.at(-1)!, again);
  }

  async #acknowledge(replies: readonly string[]): Promise<void> {
    for (const reply of replies) this.#say(reply, acknowledged);
    await this.#options.connection.flushed();
  }

  /** Those of the deliveries that this subscription holds; it does not any more. */
  #released(deliveryIds: readonly string[]): Held[] {
    return deliveryIds.flatMap((deliveryId) => {
      const held = this.#held.get(deliveryId);
      if (held === undefined) return [];
      this.#held.delete(deliveryId);
      clearTimeout(held.timer);
      return [held];
    });
  }

  #say(reply: string, word: string): void {
    this.#options.connection.live.publish(reply, word);
  }

  /** While NATS is away there is nobody to tell. */
  #sayIfHeard(reply: string, word: string): void {
    try {
      this.#say(reply, word);
    } catch (error) {
      if (!isBackendAway(error)) throw error;
    }
  }
}
