import { type Header, type Message, matchesTopic, type StreamRecord } from "@prism-data/pattern-sdk";
import type { Message as KafkaMessage } from "kafkajs";
import type { FetchedRecord } from "./cluster.js";

/** What the plugin keeps in headers of its own; no app's header begins with `prism-`. */
const idHeader = "prism-id";
const contentTypeHeader = "prism-content-type";
/** The topic of pub-sub that a message was published to. */
const publishedToHeader = "prism-published-to";
/** The names of the headers in their order, as JSON; only where kafkajs, which groups them by name, would lose it. */
const orderHeader = "prism-header-order";
const ownHeaders: ReadonlySet<string> = new Set([idHeader, contentTypeHeader, publishedToHeader, orderHeader]);

/** A message as kafkajs sends it, its partition said. */
export type EncodedRecord = KafkaMessage & { readonly partition: number };

/** A record as the plugin reads it. */
export interface KafkaRecord extends StreamRecord {
  /** Of pub-sub: the topic that it was published to. `undefined`: another program wrote it, or it is a stream's. */
  readonly publishedTo: string | undefined;
}

/** Where a message goes. */
export interface Destination {
  readonly partition: number;
  readonly publishedTo?: string;
}

/** What kafkajs sends for a message. */
export function encodeRecord(message: Message, { partition, publishedTo }: Destination): EncodedRecord {
  const headers = grouped(message.headers);
  const names = message.headers.map(({ name }) => name);
  if (ordered(headers).some(({ name }, index) => name !== names[index])) {
    headers[orderHeader] = [Buffer.from(JSON.stringify(names))];
  }
  headers[idHeader] = [Buffer.from(message.id)];
  if (publishedTo !== undefined) headers[publishedToHeader] = [Buffer.from(publishedTo)];
  if (message.contentType !== "") headers[contentTypeHeader] = [Buffer.from(message.contentType)];
  return {
    partition,
    key: message.key === "" ? null : Buffer.from(message.key),
    value: bufferOf(message.payload),
    headers,
  };
}

/** The record that Kafka holds. One that another program wrote has its place as its id. */
export function decodeRecord(partition: number, fetched: FetchedRecord): KafkaRecord {
  const own: Partial<Record<string, string>> = {};
  const headers: Header[] = [];
  for (const name of Object.keys(fetched.headers)) {
    const values = valuesOf(fetched.headers[name]);
    if (ownHeaders.has(name)) own[name] = values[0]?.toString();
    else for (const value of values) headers.push({ name, value });
  }
  const order = own[orderHeader];
  const message: Message = {
    id: own[idHeader] ?? `${partition}-${fetched.offset}`,
    key: fetched.key?.toString() ?? "",
    headers: order === undefined ? headers : inOrder(grouped(headers), JSON.parse(order) as string[]),
    contentType: own[contentTypeHeader] ?? "",
    payload: fetched.value ?? Buffer.alloc(0),
  };
  const publishedTo = own[publishedToHeader];
  return { partition, offset: BigInt(fetched.offset), message, appendedAtMs: Number(fetched.timestamp), publishedTo };
}

/** kafkajs takes what every object inherits, such as `constructor`, for a first value of a header of that name. */
function valuesOf(value: unknown): Buffer[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => one === null || Buffer.isBuffer(one)).map((one) => one ?? Buffer.alloc(0));
}

/** Whether a record was published to a topic, or to one of a pattern of topics. What another program wrote was not. */
export function isPublishedTo({ publishedTo }: KafkaRecord, subscribed: string): boolean {
  return publishedTo !== undefined && (publishedTo === subscribed || matchesTopic(subscribed, publishedTo));
}

/** The bytes that a record takes in a batch, at most: what Kafka writes around it included. */
export function encodedSizeBytesMax({ key, value, headers = {} }: KafkaMessage): number {
  let sizeBytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, values] of Object.entries(headers)) {
    for (const one of values as Buffer[]) sizeBytes += Buffer.byteLength(name) + one.length + headerOverheadBytes;
  }
  return sizeBytes;
}

/** Five variable-length numbers of up to ten bytes, and three lengths. */
const recordOverheadBytes = 80;

/** Two lengths. */
const headerOverheadBytes = 10;

/** Without a prototype: a header may be called `__proto__`. */
type Grouped = Record<string, Buffer[]>;

function grouped(headers: readonly Header[]): Grouped {
  const byName = Object.create(null) as Grouped;
  for (const { name, value } of headers) {
    byName[name] ??= [];
    byName[name].push(bufferOf(value));
  }
  return byName;
}

function ordered(headers: Grouped): Header[] {
  return Object.entries(headers).flatMap(([name, values]) => values.map((value) => ({ name, value })));
}

function inOrder(headers: Grouped, names: readonly string[]): Header[] {
  const rest = new Map(Object.entries(headers).map(([name, values]) => [name, values.values()]));
  return names.map((name) => ({ name, value: rest.get(name)?.next().value ?? Buffer.alloc(0) }));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
