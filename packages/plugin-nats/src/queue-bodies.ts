import { createHash } from "node:crypto";
import { type Message, messageSizeBytes, type SendEntry, type Sent } from "@prism-data/pattern-sdk";
import { headers } from "nats";
import type { JetStream, StoredMessage } from "./jet-stream.js";
import type { Names } from "./names.js";
import { Removals } from "./removals.js";
import { headersOf, messageOf } from "./wire-message.js";

/** The part of a namespace that keeps the messages that were sent. */
export const bodiesPart = "messages";

const now = "now";
const later = "later";
const deduplication = "id";

/** When a delayed message may be received, in ms since the Unix epoch. */
const dueHeader = "Prism-Due";

/** How many bytes one look takes at most when only the first message matters. */
const oneMessage = { messagesMax: 1, bytesMax: 1 } as const;

/** How many messages one look for delayed ones takes at most, and how many bytes. */
const delayedSlice = { messagesMax: 256, bytesMax: 4 * 2 ** 20 } as const;

/** A message as it was sent. */
export interface Body {
  /** Its sequence: names it in its queue. */
  readonly number: number;
  readonly message: Message;
  readonly sizeBytes: number;
  readonly sentAtMs: number;
  /** Not before. 0: at once. */
  readonly dueMs: number;
}

/** The messages of one queue as they were sent, in one stream: of one subject what can be received at once, of another what was delayed. */
export class QueueBodies {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #subjectOf: (...parts: string[]) => string;
  readonly #deduplicationWindowMs: number;
  readonly #removals: Removals;
  readonly #tidying: Removals;

  constructor(jetStream: JetStream, names: Names, { deduplicationWindowMs }: { deduplicationWindowMs: number }) {
    this.#jetStream = jetStream;
    this.#stream = names.stream(bodiesPart);
    this.#subjectOf = (...parts) => names.subject(bodiesPart, ...parts);
    this.#deduplicationWindowMs = deduplicationWindowMs;
    this.#removals = new Removals(jetStream, { stream: this.#stream, atOnceMax: 64 });
    this.#tidying = new Removals(jetStream, { stream: this.#stream, atOnceMax: 4 });
  }

  async send({ message, delayMs, deduplicationId }: SendEntry): Promise<Sent> {
    const nowMs = Date.now();
    const written = headersOf(message, nowMs);
    if (delayMs > 0) written.set(dueHeader, String(nowMs + delayMs));
    const body = {
      subject: this.#subjectOf(delayMs > 0 ? later : now),
      payload: message.payload,
      headers: written,
    };
    if (deduplicationId !== undefined) return this.#sendOnce(message.id, body, deduplicationId);
    await this.#jetStream.publish(body.subject, body.payload, body.headers);
    return { id: message.id, duplicate: false };
  }

  /** Messages that were not delayed, from this number on, in their order. */
  async next(number: number, bounds: { readonly messagesMax: number; readonly bytesMax: number }): Promise<Body[]> {
    return this.#slice(now, number, bounds);
  }

  /** The first message that was not delayed, from this number on. */
  async first(number: number): Promise<Body | undefined> {
    return (await this.#slice(now, number, oneMessage))[0];
  }

  /** Messages that were delayed, from this number on. */
  delayed(number: number): Promise<Body[]> {
    return this.#slice(later, number, delayedSlice);
  }

  /** `undefined`: it is not there any more. */
  async at(number: number): Promise<Body | undefined> {
    const found = await this.#jetStream.at(this.#stream, number);
    return found && bodyOf(found);
  }

  /** How many there are, and when the oldest was sent at the earliest (0: there is none). */
  async count(): Promise<{ readonly messages: number; readonly oldestMs: number }> {
    const { counts, oldestMs } = await this.#jetStream.counts(this.#stream, this.#subjectOf("*"));
    return { messages: [...counts.values()].reduce((sum, count) => sum + count, 0), oldestMs };
  }

  remove(number: number): Promise<void> {
    return this.#removals.remove(number);
  }

  /** Removes what nobody waits for, and what is gone most likely. */
  tidy(number: number): Promise<void> {
    return this.#tidying.remove(number);
  }

  /** The id and the message are stored together, and only if the id counts no more. */
  async #sendOnce(
    messageId: string,
    body: { readonly subject: string; readonly payload: Uint8Array; readonly headers: ReturnType<typeof headers> },
    deduplicationId: string,
  ): Promise<Sent> {
    // One token of a bounded length, which no two ids have in common.
    const token = createHash("sha256").update(deduplicationId).digest("base64url");
    const subject = this.#subjectOf(deduplication, token);
    let lastOfSubject = 0;
    for (;;) {
      const sent = headers();
      sent.set("Nats-TTL", `${Math.ceil(this.#deduplicationWindowMs / 1_000)}s`);
      const id = { subject, payload: JSON.stringify({ messageId }), headers: sent, lastOfSubject };
      if ((await this.#jetStream.publishTogether(id, body)) !== undefined) return { id: messageId, duplicate: false };
      const known = await this.#jetStream.last(this.#stream, subject);
      if (known !== undefined && known.timeMs + this.#deduplicationWindowMs > Date.now())
        return { id: JSON.parse(Buffer.from(known.payload).toString()).messageId, duplicate: true };
      lastOfSubject = known?.sequence ?? 0;
    }
  }

  async #slice(
    kind: string,
    number: number,
    bounds: { readonly messagesMax: number; readonly bytesMax: number },
  ): Promise<Body[]> {
    const subject = this.#subjectOf(kind);
    const found = await this.#jetStream.slice(this.#stream, { from: { seq: number }, subject, ...bounds });
    return found.map(bodyOf);
  }
}

function bodyOf({ sequence, timeMs, headers: read, payload }: StoredMessage): Body {
  const { message } = messageOf(read, payload);
  return {
    number: sequence,
    message,
    sizeBytes: messageSizeBytes(message),
    sentAtMs: timeMs,
    dueMs: Number(read.last(dueHeader) || 0),
  };
}
