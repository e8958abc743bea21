import {
  addToCounter,
  type BatchResult,
  type CallContext,
  checkDeleteCondition,
  checkSetCondition,
  type DeleteRequest,
  type Entry,
  EtagSource,
  type KeyValue,
  replayedEtag,
  type SetRequest,
  type SetResult,
  settled,
} from "@prism-data/pattern-sdk";
import type { JetStream } from "./jet-stream.js";
import { datedToken, headersOfKey, type KeyRecord, keyRecordOf, tokenThatCounts } from "./key-record.js";
import { KeyTurns } from "./key-turns.js";
import type { Replaced } from "./replaced.js";
import { WrittenKeys } from "./written-keys.js";

/** Where the keys of a namespace are. */
export interface KeySubjects {
  readonly stream: string;
  readonly subjectOf: (key: string) => string;
  /** Whether the stream has one replica, which answers for itself. */
  readonly isDirect: boolean;
}

/** What a call makes of a key. Without `next` it changes nothing. */
interface Outcome<T> {
  readonly result: T;
  readonly next?: KeyRecord;
}

/** One namespace of keys: the last message of each key's subject. A write replaces the message that it has read, or is tried again. */
export class NatsKeyValue implements KeyValue {
  readonly #jetStream: JetStream;
  readonly #subjects: KeySubjects;
  readonly #replaced: Replaced;
  readonly #etags = new EtagSource();
  readonly #turns = new KeyTurns();
  readonly #written = new WrittenKeys();

  constructor(jetStream: JetStream, subjects: KeySubjects, replaced: Replaced) {
    this.#jetStream = jetStream;
    this.#subjects = subjects;
    this.#replaced = replaced;
  }

  async get(key: string): Promise<Entry | undefined> {
    return keyRecordOf(await this.#last(key), Date.now()).entry;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  set({ key, value, ttlMs, condition, token }: SetRequest, context: CallContext): Promise<SetResult> {
    // Whatever the key has, it is replaced.
    const isBlind = condition === undefined && token === undefined;
    const decide = ({ entry, token: kept }: KeyRecord, nowMs: number): Outcome<SetResult> => {
      const replayed = token && replayedEtag(key, token, kept);
      if (replayed !== undefined) return { result: { etag: replayed } };
      checkSetCondition({ key, condition }, entry);
      const etag = this.#etags.next();
      const written = { value, etag, expiresAtMs: ttlMs === undefined ? undefined : nowMs + ttlMs };
      return { result: { etag }, next: { entry: written, token: token ? datedToken(token, etag, nowMs) : kept } };
    };
    return this.#change(key, context, decide, { isBlind });
  }

  delete(request: DeleteRequest, context: CallContext): Promise<boolean> {
    return this.#change(request.key, context, ({ entry, token }) => {
      checkDeleteCondition(request, entry);
      return entry === undefined ? { result: false } : { result: true, next: { entry: undefined, token } };
    });
  }

  batchGet(keys: readonly string[]): Promise<BatchResult<Entry | undefined>[]> {
    return Promise.all(keys.map((key) => settled(this.get(key))));
  }

  batchSet(requests: readonly SetRequest[], context: CallContext): Promise<BatchResult<SetResult>[]> {
    return Promise.all(requests.map((request) => settled(this.set(request, context))));
  }

  batchDelete(requests: readonly DeleteRequest[], context: CallContext): Promise<BatchResult<boolean>[]> {
    return Promise.all(requests.map((request) => settled(this.delete(request, context))));
  }

  expire(key: string, ttlMs: number, context: CallContext): Promise<number | undefined> {
    return this.#change(key, context, ({ entry, token }, nowMs) => {
      if (entry === undefined) return { result: undefined };
      const expiresAtMs = nowMs + ttlMs;
      return { result: expiresAtMs, next: { entry: { ...entry, expiresAtMs }, token } };
    });
  }

  persist(key: string, context: CallContext): Promise<boolean> {
    return this.#change(key, context, ({ entry, token }) => {
      if (entry?.expiresAtMs === undefined) return { result: entry !== undefined };
      return { result: true, next: { entry: { ...entry, expiresAtMs: undefined }, token } };
    });
  }

  async getTtl(key: string) {
    const entry = await this.get(key);
    if (entry?.expiresAtMs === undefined) return entry && {};
    return { remainingMs: Math.max(0, entry.expiresAtMs - Date.now()), expiresAtMs: entry.expiresAtMs };
  }

  increment(key: string, delta: bigint, context: CallContext): Promise<{ value: bigint; etag: string }> {
    return this.#change(key, context, ({ entry, token }) => {
      const value = addToCounter(key, entry?.value, delta);
      const etag = this.#etags.next();
      const written = { value: Buffer.from(String(value)), etag, expiresAtMs: entry?.expiresAtMs };
      return { result: { value, etag }, next: { entry: written, token } };
    });
  }

  async #last(key: string) {
    await this.#replaced.areGone();
    const { stream, subjectOf, isDirect } = this.#subjects;
    return isDirect
      ? this.#jetStream.lastDirectly(stream, subjectOf(key))
      : this.#jetStream.last(stream, subjectOf(key));
  }

  /**
   * Reads a key and replaces what was read, again and again until nobody else has replaced it meanwhile. A change that is blind to the key's
   * entry replaces what this process has written last, if it has, before it reads.
   */
  #change<T>(
    key: string,
    { signal }: CallContext,
    decide: (record: KeyRecord, nowMs: number) => Outcome<T>,
    { isBlind = false } = {},
  ): Promise<T> {
    return this.#turns.run(key, async () => {
      for (let written = isBlind ? this.#written.get(key) : undefined; ; written = undefined) {
        signal.throwIfAborted();
        const last = written === undefined ? await this.#last(key) : undefined;
        const nowMs = Date.now();
        const record =
          written === undefined
            ? keyRecordOf(last, nowMs)
            : { entry: undefined, token: tokenThatCounts(written.token, nowMs) };
        const { result, next } = decide(record, nowMs);
        const lastOfSubject = (written ?? last)?.sequence ?? 0;
        if (next === undefined || (await this.#replace(key, next, { nowMs, lastOfSubject }))) return result;
      }
    });
  }

  async #replace(
    key: string,
    next: KeyRecord,
    { nowMs, lastOfSubject }: { readonly nowMs: number; readonly lastOfSubject: number },
  ): Promise<boolean> {
    const payload = next.entry?.value ?? "";
    const sent = headersOfKey(next, nowMs);
    const subject = this.#subjects.subjectOf(key);
    const sequence = await this.#jetStream.replace(subject, payload, { headers: sent, lastOfSubject });
    if (sequence === undefined) return false;
    this.#written.add(key, { sequence, token: next.token });
    return true;
  }
}
