import type { Header, Message, StreamRecord } from "@prism-data/pattern-sdk";
import type { Message as KafkaMessage } from "kafkajs";
import type { FetchedRecord } from "./cluster.js";

/** What the plugin keeps in headers of its own; no app's header begins with `prism-`. */
const idHeader = "prism-id";
const contentTypeHeader = "prism-content-type";
/** The names of the headers in their order, as JSON; only where kafkajs, which groups them by name, would lose it. */
const orderHeader = "prism-header-order";

/** What kafkajs sends for a message. */
export function encodeRecord(message: Message, partition: number): KafkaMessage {
  const headers = grouped(message.headers);
  const names = message.headers.map(({ name }) => name);
  if (ordered(headers).some(({ name }, index) => name !== names[index])) {
    headers[orderHeader] = [Buffer.from(JSON.stringify(names))];
  }
  headers[idHeader] = [Buffer.from(message.id)];
  if (message.contentType !== "") headers[contentTypeHeader] = [Buffer.from(message.contentType)];
  return {
    partition,
    key: message.key === "" ? null : Buffer.from(message.key),
    value: bufferOf(message.payload),
    headers,
  };
}

/** The record that Kafka holds. One that another program wrote has its place as its id. */
export function decodeRecord(partition: number, fetched: FetchedRecord): StreamRecord {
  const all = grouped([]);
  for (const [name, value] of Object.entries(fetched.headers)) {
    const values = Array.isArray(value) ? value : [value];
    all[name] = values.map((one) => one ?? Buffer.alloc(0));
  }
  const own = (name: string) => {
    const text = all[name]?.[0]?.toString();
    delete all[name];
    return text;
  };
  const [id, contentType, order] = [own(idHeader), own(contentTypeHeader), own(orderHeader)];
  const message: Message = {
    id: id ?? `${partition}-${fetched.offset}`,
    key: fetched.key?.toString() ?? "",
    headers: order === undefined ? ordered(all) : inOrder(all, JSON.parse(order) as string[]),
    contentType: contentType ?? "",
    payload: fetched.value ?? Buffer.alloc(0),
  };
  return { partition, offset: BigInt(fetched.offset), message, appendedAtMs: Number(fetched.timestamp) };
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
