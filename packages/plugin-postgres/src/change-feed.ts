import type { Change, ChangeSink } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { LeasedLog } from "./leased-log.js";
import type { Namespace } from "./namespace.js";
import type { Statement } from "./statement.js";

const takeLease: Statement = { name: "kv_watch", text: "SELECT kv_watch($1, $2, $3) AS head" };
const endLease: Statement = {
  name: "kv_unwatch",
  text: "DELETE FROM kv_lease WHERE namespace_id = $1 AND process = $2",
};
const read: Statement = { name: "kv_read", text: "SELECT * FROM kv_read($1, $2, $3, $4, $5, $6)" };

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

/** The log, and who reads it: those included who are about to. */
interface Feed {
  readonly log: LeasedLog<ChangeRow>;
  readonly watchers: Set<Watcher>;
  readers: number;
}

/** The watches of one namespace in this process. Each gets every change once; one that may have missed a change ends. */
export class ChangeFeed {
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  #feed: Feed | undefined;

  constructor(connection: Connection, namespace: Namespace) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** Sends changes until the signal is aborted. Throws when the watch cannot start or may have missed a change. */
  async watch(request: WatchRequest): Promise<void> {
    const id = await this.#namespace.use(async (found) => found);
    const feed = this.#feed ?? this.#open(id);
    this.#feed = feed;
    feed.readers++;
    try {
      await untilEnd(feed, request, await feed.log.begin());
    } finally {
      feed.readers--;
      if (feed.readers === 0) {
        feed.log.close();
        if (this.#feed === feed) this.#feed = undefined;
      }
    }
  }

  #open(namespaceId: number): Feed {
    const watchers = new Set<Watcher>();
    const log = new LeasedLog<ChangeRow>({
      connection: this.#connection,
      namespaceId,
      ring: `key-value:${namespaceId}`,
      takeLease,
      endLease,
      read,
      onRow: (row) => send(row, watchers),
      onFailed: (error) => {
        for (const { fail } of watchers) fail(error);
      },
    });
    return { log, watchers, readers: 0 };
  }
}

async function untilEnd({ watchers }: Feed, request: WatchRequest, after: bigint): Promise<void> {
  const { signal, sink } = request;
  if (signal.aborted) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watcher: Watcher = { ...request, after, fail: reject };
  signal.addEventListener("abort", () => resolve(), { once: true });
  watchers.add(watcher);
  sink.started();
  await promise.finally(() => watchers.delete(watcher));
}

function send(row: ChangeRow, watchers: ReadonlySet<Watcher>): void {
  const change = toChange(row);
  for (const { after, prefix, sink } of watchers)
    if (row.seq > after && change.key.startsWith(prefix)) sink.change(change);
}

function toChange({ kind, key, etag, expires_at_ms, value }: ChangeRow): Change {
  if (kind !== "set") return { kind, key: key.toString() };
  const expiresAtMs = expires_at_ms === null ? undefined : Number(expires_at_ms);
  return { kind, key: key.toString(), value: value!, etag: etag!, expiresAtMs };
}
