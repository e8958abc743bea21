import type { Header, Message } from "@prism-data/pattern-sdk";
import { headers, type MsgHdrs } from "nats";

/** The headers of a message on NATS. The payload is the message's body, as other clients of NATS expect it. */
const names = {
  id: "Prism-Id",
  key: "Prism-Key",
  contentType: "Prism-Content-Type",
  time: "Prism-Time",
  /** One for each header, in order: NAME:VALUE, both base64, because a header of NATS is one line of text. */
  header: "Prism-Header",
} as const;

/** What the headers say, besides the payload. */
export interface Received {
  readonly message: Message;
  readonly acceptedAtMs: number;
}

export function headersOf(message: Message, acceptedAtMs: number): MsgHdrs {
  const written = headers();
  written.set(names.id, base64(Buffer.from(message.id)));
  if (message.key !== "") written.set(names.key, base64(Buffer.from(message.key)));
  if (message.contentType !== "") written.set(names.contentType, base64(Buffer.from(message.contentType)));
  written.set(names.time, String(acceptedAtMs));
  for (const { name, value } of message.headers) {
    written.append(names.header, `${base64(Buffer.from(name))}:${base64(value)}`);
  }
  return written;
}

/** Reads a message that Prism has written; of any other client's it takes the payload. */
export function messageOf(read: MsgHdrs | undefined, payload: Uint8Array): Received {
  const text = (name: string) => Buffer.from(read?.get(name) ?? "", "base64").toString();
  const message = {
    id: text(names.id),
    key: text(names.key),
    contentType: text(names.contentType),
    headers: (read?.values(names.header) ?? []).map(headerOf),
    payload,
  };
  // Where JetStream has stored it, by its clock.
  const storedAtMs = Date.parse(read?.get("Nats-Time-Stamp") ?? "");
  return { message, acceptedAtMs: storedAtMs || Number(read?.get(names.time) || Date.now()) };
}

function headerOf(line: string): Header {
  const [name = "", value = ""] = line.split(":");
  return { name: Buffer.from(name, "base64").toString(), value: Buffer.from(value, "base64") };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
