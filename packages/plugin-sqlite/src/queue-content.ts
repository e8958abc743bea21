import type { Message } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";
import { readHeaders, writtenHeaders } from "./written-headers.js";

interface ContentRow {
  readonly key: string;
  readonly contentType: string;
  readonly headers: string;
  readonly payload: Buffer;
}

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
