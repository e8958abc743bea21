import { randomUUID } from "node:crypto";
import { type Change, type ChangeSink, GatewayError } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Namespace } from "./namespace.js";
import type { Statement } from "./statement.js";

/** How long a lease lasts unless it is renewed, in ms: longer than any outage that a watch outlives. */
const leaseMs = 15_000;

/** Several times within a lease; what every watch has seen is removed from the server that often. */
const renewMs = 2_000;

/** How often changes are looked for although no notification came, in ms. */
const pollMs = 1_000;

/** Bounds of one look at the changes. */
const changesMax = 1_000;
const bytesMax = 8 * 2 ** 20;

const watchLoad = 16;

const takeLease: Statement = { name: "kv_watch", text: "SELECT kv_watch($1, $2, $3) AS head" };
const endLease: Statement = {
  name: "kv_unwatch",
  text: "DELETE FROM kv_lease WHERE namespace_id = $1 AND process = $2",
};
const readChanges: Statement = { name: "kv_read", text: "SELECT * FROM kv_read($1, $2, $3, $4, $5, $6)" };

interface ChangeRow {
  readonly seq: bigint;
  readonly kind: "set" | "deleted" | "expired";
  readonly key: Buffer;
  readonly etag: string | null;
  readonly expires_at_ms: bigint | null;
  readonly value: Buffer | null;
}

/** What a watch asks for. */
export interface WatchRequest {
  readonly prefix: string;
  readonly sink: ChangeSink;
  readonly signal: AbortSignal;
}

interface Watcher extends WatchRequest {
  /** Changes up to this one were made before the watch was in place. */
  readonly after: bigint;
  readonly fail: (error: unknown) => void;
}

/** The watches of one namespace in this process. */
export class ChangeFeed {
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  #log: ChangeLog | undefined;

  constructor(connection: Connection, namespace: Namespace) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** How many watches are open. */
  get count(): number {
    return this.#log?.count ?? 0;
  }

  /** Sends changes until the signal is aborted. Throws when the watch cannot start or may have missed a change. */
  async watch(request: WatchRequest): Promise<void> {
    const id = await this.#namespace.use(async (found) => found);
    const log = this.#log ?? new ChangeLog(this.#connection, id);
    this.#log = log;
    try {
      await log.follow(request);
    } finally {
      if (log.count === 0) {
        log.close();
        if (this.#log === log) this.#log = undefined;
      }
    }
  }
}

/**
 * Reads the changes of one namespace for those who watch it: each once, in the order of the commits.
 *
 * A lease on the server makes writers keep the changes; it outlives short outages of the connection, and the changes with it. All watchers
 * share one position, up to which the process has read. When the lease has ended, a change may be missing, and every watch ends.
 */
class ChangeLog {
  readonly #process = randomUUID();
  readonly #connection: Connection;
  readonly #id: number;
  readonly #watchers = new Set<Watcher>();
  readonly #stopRinging: () => void;
  readonly #timer: NodeJS.Timeout;
  #following = 0;
  #position: bigint | undefined;
  #renewedAtMs = 0;
  #reading: "no" | "yes" | "again" = "no";

  constructor(connection: Connection, id: number) {
    this.#connection = connection;
    this.#id = id;
    this.#stopRinging = connection.bell.on(`key-value:${id}`, () => void this.#read());
    this.#timer = setInterval(() => void this.#read(), pollMs);
  }

  /** How many watch, or are about to. */
  get count(): number {
    return this.#following;
  }

  async follow(request: WatchRequest): Promise<void> {
    this.#following++;
    try {
      const [row] = await this.#connection.run<{ head: bigint }>(
        takeLease,
        [this.#id, this.#process, leaseMs],
        watchLoad,
      );
      await this.#untilEnd(request, row!.head);
    } finally {
      this.#following--;
    }
  }

  close(): void {
    this.#stopRinging();
    clearInterval(this.#timer);
    // A lease that nobody renews ends by itself.
    this.#connection.run(endLease, [this.#id, this.#process]).catch(() => {});
  }

  #untilEnd(request: WatchRequest, after: bigint): Promise<void> {
    const { signal, sink } = request;
    return new Promise<void>((resolve, reject) => {
      if (signal.aborted) return resolve();
      const watcher: Watcher = { ...request, after, fail: reject };
      signal.addEventListener("abort", () => resolve(), { once: true });
      this.#position ??= after;
      this.#watchers.add(watcher);
      sink.started();
    }).finally(() => {
      for (const watcher of this.#watchers) if (watcher.sink === sink) this.#watchers.delete(watcher);
    });
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
      if (error instanceof GatewayError && error.reason === "BACKEND_UNAVAILABLE") return;
      for (const { fail } of this.#watchers) fail(error);
    } finally {
      this.#reading = "no";
    }
  }

  #isAskedAgain(): boolean {
    return this.#reading === "again";
  }

  /** Returns whether there was something. */
  async #readOnce(position: bigint): Promise<boolean> {
    const nowMs = performance.now();
    const isDue = nowMs - this.#renewedAtMs >= renewMs;
    const values = [this.#id, this.#process, position, isDue ? leaseMs : undefined, changesMax, bytesMax];
    const rows = await this.#connection.run<ChangeRow>(readChanges, values, watchLoad);
    if (isDue) this.#renewedAtMs = nowMs;
    for (const row of rows) this.#send(row);
    this.#position = rows.at(-1)?.seq ?? position;
    return rows.length > 0;
  }

  #send(row: ChangeRow): void {
    const change = toChange(row);
    for (const { after, prefix, sink } of this.#watchers)
      if (row.seq > after && change.key.startsWith(prefix)) sink.change(change);
  }
}

function toChange({ kind, key, etag, expires_at_ms, value }: ChangeRow): Change {
  if (kind !== "set") return { kind, key: key.toString() };
  const expiresAtMs = expires_at_ms === null ? undefined : Number(expires_at_ms);
  return { kind, key: key.toString(), value: value!, etag: etag!, expiresAtMs };
}
