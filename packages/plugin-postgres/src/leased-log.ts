import { randomUUID } from "node:crypto";
import { isBackendAway } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Statement } from "./statement.js";

/** How long a lease lasts unless it is renewed, in ms: longer than any outage that a reader outlives. */
const leaseMs = 15_000;

/** Several times within a lease; what every reader has seen is removed from the server that often. */
const renewMs = 2_000;

/** How often the log is looked at although no notification came, in ms. */
const pollMs = 1_000;

/** Bounds of one look. */
const rowsMax = 1_000;
const bytesMax = 8 * 2 ** 20;

const readLoad = 16;

/** What a log's rows have in common. */
interface LoggedRow {
  /** Grows in the order of the commits. */
  readonly seq: bigint;
}

export interface LeasedLogOptions<Row extends LoggedRow> {
  readonly connection: Connection;
  readonly namespaceId: number;
  /** What is rung when there is something new. */
  readonly ring: string;
  /** Takes a lease of $3 ms for the process $2 on namespace $1; answers `head`, the position after which everything is kept. */
  readonly takeLease: Statement;
  readonly endLease: Statement;
  /**
   * The rows after position $3, and of up to $5 of them and $6 bytes as many as fit and one more; makes the lease last $4 ms from now,
   * unless that is NULL. Fails when the lease has ended.
   */
  readonly read: Statement;
  readonly onRow: (row: Row) => void;
  /** Reading cannot go on: something may be missing. Not called for outages. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Reads what is logged for one namespace while somebody in this process wants it: each row once, in the order of the commits.
 *
 * A lease on the server makes writers keep the rows; it outlives short outages of the connection, and the rows with it. When it has ended,
 * something may be missing.
 */
export class LeasedLog<Row extends LoggedRow> {
  readonly #process = randomUUID();
  readonly #options: LeasedLogOptions<Row>;
  readonly #stopRinging: () => void;
  readonly #timer: NodeJS.Timeout;
  #position: bigint | undefined;
  #renewedAtMs = 0;
  #reading: "no" | "yes" | "again" = "no";

  constructor(options: LeasedLogOptions<Row>) {
    this.#options = options;
    this.#stopRinging = options.connection.bell.on(options.ring, () => void this.#read());
    this.#timer = setInterval(() => void this.#read(), pollMs);
  }

  /** Takes the lease, or makes it last longer; returns the position after which everything is still to come. */
  async begin(): Promise<bigint> {
    const { connection, namespaceId, takeLease } = this.#options;
    const values = [namespaceId, this.#process, leaseMs];
    const [row] = await connection.run<{ head: bigint }>(takeLease, values, readLoad);
    this.#position ??= row!.head;
    return row!.head;
  }

  close(): void {
    const { connection, namespaceId, endLease } = this.#options;
    this.#stopRinging();
    clearInterval(this.#timer);
    // A lease that nobody renews ends by itself.
    connection.run(endLease, [namespaceId, this.#process]).catch(() => {});
  }

  /** Reads on to the end. Whoever asks meanwhile makes it look once more. */
  async #read(): Promise<void> {
    if (this.#position === undefined) return;
    if (this.#reading !== "no") {
      this.#reading = "again";
      return;
    }
    try {
      let hasMore: boolean;
      do {
        this.#reading = "yes";
        hasMore = await this.#readOnce(this.#position);
      } while (hasMore || this.#isAskedAgain());
    } catch (error) {
      // The server may be back before the lease ends; the next look finds out.
      if (isBackendAway(error)) return;
      this.#options.onFailed(error);
    } finally {
      this.#reading = "no";
    }
  }

  #isAskedAgain(): boolean {
    return this.#reading === "again";
  }

  /** Returns whether there was something. */
  async #readOnce(position: bigint): Promise<boolean> {
    const { connection, namespaceId, read, onRow } = this.#options;
    const nowMs = performance.now();
    const isDue = nowMs - this.#renewedAtMs >= renewMs;
    const values = [namespaceId, this.#process, position, isDue ? leaseMs : undefined, rowsMax, bytesMax];
    const rows = await connection.run<Row>(read, values, readLoad);
    if (isDue) this.#renewedAtMs = nowMs;
    for (const row of rows) onRow(row);
    this.#position = rows.at(-1)?.seq ?? position;
    return rows.length > 0;
  }
}
