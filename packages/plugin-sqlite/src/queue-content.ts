import type { Header, Message } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";

interface ContentRow {
  readonly key: string;
  readonly contentType: string;
  readonly headers: string;
  readonly payload: Buffer;
}

type WrittenHeader = readonly [name: string, base64: string];

/** What the messages of queues say, by the row of `queue_message`; their ids stand there. */
export class QueueContent {
  readonly #insert: Statement<[number, string, string, string, Uint8Array]>;
  readonly #get: Statement<[number], ContentRow>;
  readonly #remove: Statement<[number]>;

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO queue_content VALUES (?, ?, ?, ?, ?)");
    this.#get = db.prepare("SELECT key, content_type AS contentType, headers, payload FROM queue_content WHERE id = ?");
    this.#remove = db.prepare("DELETE FROM queue_content WHERE id = ?");
  }

  insert(row: number, { key, contentType, headers, payload }: Message): void {
    this.#insert.run(row, key, contentType, writtenHeaders(headers), payload);
  }

  message(row: number, messageId: Buffer): Message {
    const { headers, ...content } = this.#get.get(row)!;
    return { id: messageId.toString(), ...content, headers: readHeaders(headers) };
  }

  remove(row: number): void {
    this.#remove.run(row);
  }
}

function writtenHeaders(headers: readonly Header[]): string {
  const written = headers.map(({ name, value }): WrittenHeader => [name, Buffer.from(value).toString("base64")]);
  return JSON.stringify(written);
}

function readHeaders(written: string): Header[] {
  const headers: readonly WrittenHeader[] = JSON.parse(written);
  return headers.map(([name, base64]) => ({ name, value: Buffer.from(base64, "base64") }));
}
