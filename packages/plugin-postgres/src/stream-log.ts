import {
  type BatchResult,
  Doorbell,
  type Message,
  messageSizeBytes,
  type PartitionHead,
  type Position,
  type RecordSlice,
  type RecordSource,
  type StreamRecord,
} from "@prism-data/pattern-sdk";
import { int4Array } from "./binary-array.js";
import type { Connection } from "./connection.js";
import { GroupCommit } from "./group-commit.js";
import { type MessageRow, messageArrays, messageOf } from "./message-columns.js";
import type { Namespace } from "./namespace.js";
import type { Parameter, Statement } from "./statement.js";

/** As long as so many look-ups, so that none is sent behind it while there is another connection. */
const writeLoad = 64;
const readLoad = 16;

/** How often new records are looked for although no notification came, in ms. */
const pollMs = 1_000;

/** Records that one look takes of a partition at most. */
const recordsPerReadMax = 1_000;

const append: Statement = {
  name: "stream_append",
  text: "SELECT * FROM stream_append($1, $2, $3, $4, $5, $6, $7, $8)",
};
const read: Statement = { name: "stream_read", text: "SELECT * FROM stream_read($1, $2, $3, $4, $5, $6)" };
const heads: Statement = {
  name: "stream_heads",
  text: "SELECT partition, next_offset, retained_from FROM stream_partition WHERE namespace_id = $1",
};
const since: Statement = {
  name: "stream_since",
  text: `
    SELECT "offset" FROM stream_record WHERE namespace_id = $1 AND partition = $2 AND appended_at_ms >= ceil($3::float8)::bigint
    ORDER BY appended_at_ms, "offset" LIMIT 1`,
};

/** A record on its way to its partition. */
interface Addressed {
  readonly partition: number;
  readonly message: Message;
}

/** One log on the server. */
export class StreamLog implements RecordSource {
  readonly partitions: number;
  /** Rings when records have come, from whatever process. */
  readonly news = new Doorbell({ pollMs });
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  readonly #appends: GroupCommit<Addressed, Position>;
  #stopRinging: (() => void) | undefined;

  constructor(connection: Connection, namespace: Namespace, partitions: number) {
    this.partitions = partitions;
    this.#connection = connection;
    this.#namespace = namespace;
    this.#appends = new GroupCommit({ address: connection.address, apply: (entries) => this.#append(entries) });
  }

  /** Runs a statement whose first parameter is the log's id. */
  run<Row extends object>(statement: Statement, values: readonly Parameter[], load?: number): Promise<readonly Row[]> {
    return this.#namespace.use((id) => this.#connection.run<Row>(statement, [id, ...values], load));
  }

  append(entry: Addressed, deadlineMs: number | undefined): Promise<Position> {
    return this.#appends.submit(entry, { deadlineMs, sizeBytes: messageSizeBytes(entry.message) });
  }

  async read({ partition, from, end, recordsMax, bytesMax }: RecordSlice): Promise<StreamRecord[]> {
    const values = [partition, from, end, Math.min(recordsMax, recordsPerReadMax), bytesMax];
    const rows = await this.run<MessageRow & { at_offset: bigint; appended_at_ms: bigint }>(read, values, readLoad);
    return rows.map((row) => ({
      partition,
      offset: row.at_offset,
      appendedAtMs: Number(row.appended_at_ms),
      message: messageOf(row),
    }));
  }

  /** Of all partitions. Begins to listen for news: what comes after this rings. */
  async heads(): Promise<ReadonlyMap<number, PartitionHead>> {
    this.#stopRinging ??= await this.#listen();
    const rows = await this.run<{ partition: number; next_offset: bigint; retained_from: bigint }>(heads, []);
    return new Map(
      rows.map(({ partition, next_offset, retained_from }) => [
        partition,
        { nextOffset: next_offset, retainedFrom: retained_from },
      ]),
    );
  }

  /** The offset of the first record that was appended at this time or later. `undefined`: there is none. */
  async offsetSince(partition: number, timeMs: number): Promise<bigint | undefined> {
    const [row] = await this.run<{ offset: bigint }>(since, [partition, timeMs]);
    return row?.offset;
  }

  close(): void {
    this.#stopRinging?.();
    this.#stopRinging = undefined;
  }

  #listen(): Promise<() => void> {
    return this.#namespace.use(async (id) => this.#connection.bell.on(`stream:${id}`, () => this.news.ring()));
  }

  async #append(entries: readonly Addressed[]): Promise<BatchResult<Position>[]> {
    const partitions = int4Array(entries.map(({ partition }) => partition));
    const messages = messageArrays(entries.map(({ message }) => message));
    const rows = await this.run<{ at_offset: bigint }>(append, [partitions, ...messages], writeLoad);
    return entries.map(({ partition }, index) => ({
      ok: true,
      result: { partition, offset: rows[index]!.at_offset },
    }));
  }
}
