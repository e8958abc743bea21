import { headers, type Msg, type MsgHdrs, type StreamConfig, type StreamInfo } from "nats";
import type { Connection } from "./connection.js";
import {
  JetStreamError,
  type JetStreamProblem,
  messageNotFound,
  oldServer,
  streamNotFound,
  translateError,
  undefinedIf,
} from "./errors.js";

const api = "$JS.API";

/** How a direct get ends: after what it has sent, or because there is nothing. */
const endOfBatch = 204;
const nothingFound = 404;

/** The oldest server that has all that the patterns on JetStream need: direct gets of many messages, times to live of messages. */
const versionMin = [2, 11] as const;

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
  readonly messagesMax: number;
  /** Of messages with their headers; the one that passes it comes whole. */
  readonly bytesMax: number;
}

/** Where a publish is to fail instead of storing the message. */
export interface Expectation {
  /** The sequence of the last message of the same subject; 0: there is none. */
  readonly lastOfSubject: number;
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
  checkVersion(): void {
    const { version = "" } = this.#connection.live.info ?? {};
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [majorMin, minorMin] = versionMin;
    if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
    throw oldServer(this.address, version, versionMin.join("."));
  }

  /** What is known of a stream. `undefined`: there is none. */
  async find(name: string): Promise<StreamInfo | undefined> {
    return this.#ask<StreamInfo>(`STREAM.INFO.${name}`, "").catch(undefinedIf(streamNotFound));
  }

  /** Makes a stream, or gives the one that is there these settings and leaves its others. Returns whether it was made. */
  async make(config: KeptConfig): Promise<boolean> {
    const known = await this.find(config.name);
    if (known === undefined) {
      await this.#ask(`STREAM.CREATE.${config.name}`, config);
      return true;
    }
    const wanted = { ...known.config, ...config };
    const isAsWanted = Object.keys(config).every(
      (key) =>
        JSON.stringify(wanted[key as keyof StreamConfig]) === JSON.stringify(known.config[key as keyof StreamConfig]),
    );
    if (!isAsWanted) await this.#ask(`STREAM.UPDATE.${config.name}`, wanted);
    return false;
  }

  /** Removes a stream with all that it holds; not being there is no error. */
  async remove(name: string): Promise<void> {
    await this.#ask(`STREAM.DELETE.${name}`, "").catch(undefinedIf(streamNotFound));
  }

  /** The names of the streams that take messages of these subjects. */
  async namesOf(subject: string): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      const page = await this.#ask<{ total: number; streams: string[] | null }>("STREAM.NAMES", {
        subject,
        offset: names.length,
      });
      names.push(...(page.streams ?? []));
      if (names.length >= page.total || !page.streams?.length) return names;
    }
  }

  /** Stores a message; returns its sequence when it is stored. */
  async publish(subject: string, payload: Uint8Array | string, given?: MsgHdrs, expect?: Expectation): Promise<number> {
    const sent = given ?? headers();
    if (expect !== undefined) sent.set("Nats-Expected-Last-Subject-Sequence", String(expect.lastOfSubject));
    const answer = await this.#connection.request(subject, payload, sent);
    return this.#parsed<{ seq: number }>(answer).seq;
  }

  /** The last message of a subject, as the stream's leader knows it. `undefined`: there is none. */
  async last(stream: string, subject: string): Promise<{ sequence: number; payload: Buffer } | undefined> {
    const found = await this.#ask<{ message: { seq: number; data?: string } }>(`STREAM.MSG.GET.${stream}`, {
      last_by_subj: subject,
    }).catch(undefinedIf(messageNotFound));
    if (found === undefined) return undefined;
    return { sequence: found.message.seq, payload: Buffer.from(found.message.data ?? "", "base64") };
  }

  /** Messages in their order, one at least if there is one. */
  async slice(stream: string, { from, messagesMax, bytesMax }: Slice): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    const query = { ...from, batch: messagesMax, max_bytes: bytesMax };
    let end: MsgHdrs | undefined;
    await this.#connection.requestMany(`${api}.DIRECT.GET.${stream}`, JSON.stringify(query), (answer) => {
      if (answer.headers?.hasError === false && answer.headers.code === 0) messages.push(storedMessage(answer));
      else end = answer.headers;
      return end !== undefined;
    });
    const { code = 0, description = "" } = end ?? {};
    if (code === endOfBatch || code === nothingFound) return messages;
    throw translateError(new JetStreamError({ code, err_code: 0, description }), this.address);
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
