import { randomUUID } from "node:crypto";
import {
  type ConsumerConfig,
  headers,
  type Msg,
  type MsgHdrs,
  MsgHdrsImpl,
  type StreamConfig,
  type StreamInfo,
} from "nats";
import type { Connection } from "./connection.js";
import {
  consumerNotFound,
  isRemovedAlready,
  JetStreamError,
  type JetStreamProblem,
  messageNotFound,
  oldServer,
  streamNotFound,
  streamVanished,
  temporarilyAway,
  translateError,
  undefinedIf,
  unlikeStream,
  wrongLastSequence,
} from "./errors.js";
import { differenceOf, type StreamDifference } from "./stream-difference.js";

const api = "$JS.API";

const expectedLast = "Nats-Expected-Last-Subject-Sequence";

/** How a direct get ends: after what it has sent, or because there is nothing. */
const endOfBatch = 204;
const nothingFound = 404;
const noResponders = 503;

/** The oldest server that has all that the patterns on JetStream need: direct gets of many messages, times to live of messages. */
const versionMin = [2, 11] as const;

/** The oldest server that stores several messages or none. */
export const atomicVersionMin = [2, 12] as const;

/** In what JetStream counts time. */
export const nanosecondsPerMs = 1_000_000;

/** What JetStream changes of no stream. */
const fixedSettings: readonly (keyof StreamConfig)[] = ["storage", "retention"];

/** What a stream is made with. Everything else is the server's default, or what an operator has set. */
export type KeptConfig = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

/** A message that a stream holds. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly timeMs: number;
  readonly headers: MsgHdrs;
  readonly payload: Uint8Array;
}

/** Which messages to get: from a sequence or a time on. */
export interface Slice {
  readonly from: { readonly seq: number } | { readonly start_time: string };
  /** Of these subjects. Default: of all that the stream has. */
  readonly subject?: string;
  readonly messagesMax: number;
  /** Of messages with their headers; the one that passes it comes whole. */
  readonly bytesMax: number;
}

/** A message as JetStream's API tells it. */
interface ApiMessage {
  readonly seq: number;
  readonly time: string;
  /** In base64, as `data` is. */
  readonly hdrs?: string;
  readonly data?: string;
}

/** JetStream's own requests. Everything throws `GatewayError`. */
export class JetStream {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get address(): string {
    return this.#connection.address;
  }

  /** Throws when the server is too old. */
  checkVersion(oldest: readonly [number, number] = versionMin): void {
    const { version = "" } = this.#connection.live.info ?? {};
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [majorMin, minorMin] = oldest;
    if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
    throw oldServer(this.address, version, oldest.join("."));
  }

  /** What is known of a stream. `undefined`: there is none. */
  async find(name: string): Promise<StreamInfo | undefined> {
    return this.#ask<StreamInfo>(`STREAM.INFO.${name}`, "").catch(undefinedIf(streamNotFound));
  }

  /** Makes a stream, or gives the one that is there these settings and leaves its others. Returns how it was otherwise. */
  async make(config: KeptConfig): Promise<StreamDifference | undefined> {
    const { known, difference } = await this.#compared(config);
    if (known === undefined) await this.#ask(`STREAM.CREATE.${config.name}`, config);
    else if (difference !== undefined) {
      const metadata = { ...known.metadata, ...config.metadata };
      await this.#ask(`STREAM.UPDATE.${config.name}`, { ...known, ...config, metadata });
    }
    return difference;
  }

  /** How a stream is otherwise than `make` would make it. `undefined`: it is so. */
  async compare(config: KeptConfig): Promise<StreamDifference | undefined> {
    return (await this.#compared(config)).difference;
  }

  /** Throws when the stream cannot become as it is to be. */
  async #compared(config: KeptConfig) {
    const known = (await this.find(config.name))?.config;
    const difference = differenceOf(known, config);
    const fixed = difference?.settings?.filter((one) => fixedSettings.some((name) => one.startsWith(`${name} `))) ?? [];
    if (fixed.length > 0) throw unlikeStream(this.address, config.name, fixed);
    return { known, difference };
  }

  /** Removes a stream with all that it holds; not being there is no error. */
  async remove(name: string): Promise<void> {
    await this.#ask(`STREAM.DELETE.${name}`, "").catch(undefinedIf(streamNotFound));
  }

  /** Makes a consumer of a stream; one with these settings is left as it is. */
  async makeConsumer(stream: string, config: Partial<ConsumerConfig> & { readonly name: string }): Promise<void> {
    await this.#ask(`CONSUMER.CREATE.${stream}.${config.name}`, { stream_name: stream, config });
  }

  async hasConsumer(stream: string, name: string): Promise<boolean> {
    const absent = [...consumerNotFound, ...streamNotFound];
    const found = await this.#ask(`CONSUMER.INFO.${stream}.${name}`, "").catch(undefinedIf(absent));
    return found !== undefined;
  }

  /** Removes a consumer; not being there is no error. */
  async removeConsumer(stream: string, name: string): Promise<void> {
    const absent = [...consumerNotFound, ...streamNotFound];
    await this.#ask(`CONSUMER.DELETE.${stream}.${name}`, "").catch(undefinedIf(absent));
  }

  /** The names of the streams that take messages of these subjects. */
  namesOf(subject: string): Promise<string[]> {
    return this.#streams<string>("STREAM.NAMES", subject);
  }

  /** What those streams have on disk. A stream says so without looking at its messages. */
  async bytesOf(subject: string): Promise<number> {
    const streams = await this.#streams<StreamInfo>("STREAM.LIST", subject);
    return streams.reduce((bytes, { state }) => bytes + state.bytes, 0);
  }

  async #streams<Listed>(list: string, subject: string): Promise<Listed[]> {
    const listed: Listed[] = [];
    for (;;) {
      const page = await this.#ask<{ total: number; streams: Listed[] | null }>(list, {
        subject,
        offset: listed.length,
      });
      listed.push(...(page.streams ?? []));
      if (listed.length >= page.total || !page.streams?.length) return listed;
    }
  }

  /** Stores a message; returns its sequence when it is stored. */
  async publish(subject: string, payload: Uint8Array | string, given?: MsgHdrs): Promise<number> {
    return this.#parsed<{ seq: number }>(await this.#connection.request(subject, payload, given)).seq;
  }

  /** Stores a message in place of the last one of its subject, if that has this sequence (0: there is none); returns the new one. */
  replace(
    subject: string,
    payload: Uint8Array | string,
    { lastOfSubject, headers: given = headers() }: { readonly lastOfSubject: number; readonly headers?: MsgHdrs },
  ): Promise<number | undefined> {
    given.set(expectedLast, String(lastOfSubject));
    return this.publish(subject, payload, given).catch(undefinedIf(wrongLastSequence));
  }

  /**
   * Stores two messages or neither, the first only if its subject has this last sequence. Returns the second one's; `undefined`: the
   * first subject has another.
   */
  async publishTogether(
    first: {
      readonly subject: string;
      readonly payload: string;
      readonly headers: MsgHdrs;
      readonly lastOfSubject: number;
    },
    second: { readonly subject: string; readonly payload: Uint8Array; readonly headers: MsgHdrs },
  ): Promise<number | undefined> {
    const batch = randomUUID();
    for (const [index, { headers: sent }] of [first, second].entries()) {
      sent.set("Nats-Batch-Id", batch);
      sent.set("Nats-Batch-Sequence", String(index + 1));
    }
    first.headers.set(expectedLast, String(first.lastOfSubject));
    second.headers.set("Nats-Batch-Commit", "1");
    this.#connection.live.publish(first.subject, first.payload, { headers: first.headers });
    return this.publish(second.subject, second.payload, second.headers).catch(undefinedIf(wrongLastSequence));
  }

  /** How many messages each subject has that matches, and when the oldest message of the stream was stored (0: there is none). Throws when it is gone. */
  async counts(stream: string, subjects: string): Promise<{ counts: ReadonlyMap<string, number>; oldestMs: number }> {
    const { state } = await this.#ask<StreamInfo>(`STREAM.INFO.${stream}`, { subjects_filter: subjects });
    return {
      counts: new Map(Object.entries(state.subjects ?? {})),
      oldestMs: state.messages === 0 ? 0 : Date.parse(state.first_ts),
    };
  }

  /** Removes all messages but the last one of each subject. Asks one thing only when there are no others. */
  async removeReplaced(stream: string, subjects: string): Promise<void> {
    for (;;) {
      const found = await this.find(stream);
      if (found === undefined) throw streamVanished(this.address, stream);
      if (found.state.messages === found.state.num_subjects) return;
      let removed = 0;
      for await (const [subject, count] of this.#subjectsOf(stream, subjects)) {
        if (count === 1) continue;
        await this.#ask(`STREAM.PURGE.${stream}`, { filter: subject, keep: 1 });
        removed++;
      }
      // Somebody may have written between the two questions.
      if (removed === 0) return;
    }
  }

  /** The subjects that match, and how many messages each has. */
  async *#subjectsOf(stream: string, subjects: string): AsyncGenerator<[subject: string, count: number]> {
    for (let offset = 0; ; ) {
      const { state, total = 0 } = await this.#ask<StreamInfo & { readonly total?: number }>(`STREAM.INFO.${stream}`, {
        ...{ subjects_filter: subjects, offset },
      });
      const page = Object.entries(state.subjects ?? {});
      yield* page;
      offset += page.length;
      if (page.length === 0 || offset >= total) return;
    }
  }

  /** The last message of a subject, as the stream's leader knows it. `undefined`: there is none. */
  async last(stream: string, subject: string): Promise<StoredMessage | undefined> {
    const query = { last_by_subj: subject };
    const found = await this.#ask<{ message: ApiMessage }>(`STREAM.MSG.GET.${stream}`, query).catch(
      undefinedIf(messageNotFound),
    );
    if (found === undefined) return undefined;
    const { seq, time, hdrs, data = "" } = found.message;
    return {
      ...{ subject, sequence: seq, timeMs: Date.parse(time), payload: Buffer.from(data, "base64") },
      headers: hdrs === undefined ? headers() : MsgHdrsImpl.decode(Buffer.from(hdrs, "base64")),
    };
  }

  /** The same of a stream without replicas, faster. */
  lastDirectly(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return this.#getDirectly(stream, { last_by_subj: subject });
  }

  /** The message with this sequence. `undefined`: it is not there any more. */
  at(stream: string, sequence: number): Promise<StoredMessage | undefined> {
    return this.#getDirectly(stream, { seq: sequence });
  }

  /** Removes one message; not being there is no error. */
  async removeMessage(stream: string, sequence: number): Promise<void> {
    const query = { seq: sequence, no_erase: true };
    try {
      await this.#ask(`STREAM.MSG.DELETE.${stream}`, query);
    } catch (error) {
      if (!isRemovedAlready(error)) throw error;
    }
  }

  async #getDirectly(stream: string, query: object): Promise<StoredMessage | undefined> {
    const answer = await this.#connection.request(`${api}.DIRECT.GET.${stream}`, JSON.stringify(query));
    const { code = 0, description = "" } = answer.headers ?? {};
    if (code === nothingFound) return undefined;
    if (code === 0) return storedMessage(answer);
    throw translateError(directGetProblem(code, description), this.address);
  }

  /** Messages in their order, one at least if there is one. */
  async slice(stream: string, { from, subject, messagesMax, bytesMax }: Slice): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    const query = { ...from, next_by_subj: subject, batch: messagesMax, max_bytes: bytesMax };
    let end: MsgHdrs | undefined;
    await this.#connection.requestMany(`${api}.DIRECT.GET.${stream}`, JSON.stringify(query), (answer) => {
      if (answer.headers?.hasError === false && answer.headers.code === 0) messages.push(storedMessage(answer));
      else end = answer.headers;
      return end !== undefined;
    });
    const { code = 0, description = "" } = end ?? {};
    if (code === endOfBatch || code === nothingFound) return messages;
    throw translateError(directGetProblem(code, description), this.address);
  }

  async #ask<Answer>(path: string, body: object | ""): Promise<Answer> {
    return this.#parsed<Answer>(
      await this.#connection.request(`${api}.${path}`, body === "" ? "" : JSON.stringify(body)),
    );
  }

  #parsed<Answer>(answer: Msg): Answer {
    const parsed = answer.json<Answer & { error?: JetStreamProblem }>();
    if (parsed.error === undefined) return parsed;
    throw translateError(new JetStreamError(parsed.error), this.address);
  }
}

function storedMessage({ data, headers: read }: Msg): StoredMessage {
  const text = (name: string) => read?.last(name) ?? "";
  return {
    subject: text("Nats-Subject"),
    sequence: Number(text("Nats-Sequence")),
    timeMs: Date.parse(text("Nats-Time-Stamp")),
    headers: read ?? headers(),
    payload: data,
  };
}

/** A stream that does not answer is not there yet, or not any more. */
function directGetProblem(code: number, description: string): JetStreamError {
  return new JetStreamError({ code, err_code: code === noResponders ? temporarilyAway : 0, description });
}
