import {
  fixedStreamCapabilities,
  type GroupMember,
  type JoinRequest,
  type MemberOutlet,
  type Message,
  type ReadStart,
  type RecordOutlet,
  type Room,
  type StreamOptions,
  type StreamRecord,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { onTestFinished } from "vitest";
import type { Store } from "../store.js";
import type { SqliteStream } from "../stream.js";
import { streamBinder } from "../stream-binder.js";
import { bytes, call, callContext } from "./temporary-store.js";

/** The log "log" of a store, made when it is missing. */
export async function streamOf(store: Store, options: Partial<StreamOptions> = {}): Promise<SqliteStream> {
  const binding = {
    namespace: "log",
    capabilities: new Set<string>(fixedStreamCapabilities),
    options: { ...streamOptions(fixedStreamCapabilities).parse({}), ...options },
  };
  const { pattern } = await streamBinder(store).bind(binding);
  return pattern;
}

/** A record whose payload is a text. */
export function record(text: string, key = ""): Message {
  return { id: text, key, headers: [], contentType: "", payload: bytes(text) };
}

/** Appends records, all of which must be accepted. */
export async function append(stream: SqliteStream, ...records: readonly Message[]): Promise<void> {
  for (const result of await stream.append(records, call)) if (!result.ok) throw result.error;
}

/** Takes everything. */
class Taker implements RecordOutlet, MemberOutlet {
  readonly texts: string[] = [];
  readonly records: StreamRecord[] = [];
  readonly assignments: (readonly number[])[] = [];
  readonly failures: unknown[] = [];

  async room(): Promise<Room> {
    return { items: 1_000, bytes: 2 ** 20 };
  }

  send(records: readonly StreamRecord[]): void {
    this.records.push(...records);
    this.texts.push(...records.map(({ message }) => Buffer.from(message.payload).toString()));
  }

  caughtUp(): void {}

  assigned(partitions: readonly number[]): void {
    this.assignments.push(partitions);
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}

/** The payloads of everything that there is now. */
export async function textsOf(stream: SqliteStream, start: ReadStart = { kind: "earliest" }): Promise<string[]> {
  const taker = new Taker();
  await stream.read({ start, follow: false }, taker, call);
  return taker.texts;
}

/** Reads on until the test is over. */
export function follow(stream: SqliteStream): { readonly texts: readonly string[]; readonly ended: Promise<void> } {
  const taker = new Taker();
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const context = callContext({ signal: leaving.signal });
  const ended = stream.read({ start: { kind: "earliest" }, follow: true }, taker, context);
  return { texts: taker.texts, ended };
}

/** A member of a group, and what it was told. */
export async function join(
  stream: SqliteStream,
  request: Partial<JoinRequest> = {},
): Promise<Taker & { readonly member: GroupMember }> {
  const taker = new Taker();
  const member = await stream.join({ group: "g", start: { kind: "earliest" }, ...request }, taker, call);
  return Object.assign(taker, { member });
}
