import type { CallOptions } from "@prism-data/transport";
import type { GatewayError } from "../../errors.js";
import { keyValueKind } from "../../patterns/key-value/key-value-kind.js";
import type { IdempotencyToken as WireToken } from "../../protocol/gen/prism/idempotency/v1/token.js";
import * as wire from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../../protocol/message.js";
import type { Status } from "../../protocol/rpc.js";
import { durationFromMs, msFromDuration, msFromTimestamp } from "../../protocol/wire-time.js";
import { failureInStatus } from "../failure-in-status.js";
import { type Connection, PatternClient } from "../pattern-client.js";
import { KeyValueWatch } from "./key-value-watch.js";

/** What is under a key, as the wire said it. */
export interface WireEntry {
  readonly value: Buffer;
  readonly etag: string;
  readonly expiresAtMs: number | undefined;
}

export interface WriteOptions {
  readonly ttlMs?: number;
  readonly ifAbsent?: boolean;
  readonly ifEtag?: string;
  readonly token?: WireToken;
}

export interface BatchWrite extends WriteOptions {
  readonly key: string;
  readonly value: Uint8Array | string;
}

export interface ScanOptions {
  readonly prefix?: string;
  readonly range?: { readonly start: string; readonly end: string };
  readonly limit?: number;
  readonly pageSizeBytes?: number;
  readonly keysOnly?: boolean;
  readonly pageToken?: string;
}

export type WireCondition =
  | { readonly key: string; readonly exists: boolean }
  | { readonly key: string; readonly etag: string };

export type WireMutation =
  | { readonly set: string; readonly value: Uint8Array | string; readonly ttlMs?: number }
  | { readonly delete: string };

/** The key-value service of one namespace. */
export class KeyValueClient extends PatternClient {
  constructor(connection: Connection, namespace: string) {
    super(keyValueKind, connection, namespace);
  }

  async get(key: string): Promise<WireEntry | undefined> {
    const request = { namespace: this.namespace, key };
    return entryOf(await this.call("Get", wire.GetRequest, wire.GetResponse, request));
  }

  /** The value under a key as text; `undefined`: the key is missing. */
  async text(key: string): Promise<string | undefined> {
    return (await this.get(key))?.value.toString();
  }

  /** Writes a key and returns its etag. */
  async set(key: string, value: Uint8Array | string, options: WriteOptions = {}): Promise<string> {
    const request = { namespace: this.namespace, ...writeOf({ key, value, ...options }) };
    return (await this.call("Set", wire.SetRequest, wire.SetResponse, request)).etag;
  }

  /** Removes a key and returns whether it was there. */
  async delete(key: string, ifEtag?: string): Promise<boolean> {
    const request = { namespace: this.namespace, key, ifEtag };
    return (await this.call("Delete", wire.DeleteRequest, wire.DeleteResponse, request)).existed;
  }

  async exists(key: string): Promise<boolean> {
    const request = { namespace: this.namespace, key };
    return (await this.call("Exists", wire.ExistsRequest, wire.ExistsResponse, request)).exists;
  }

  async batchGet(keys: readonly string[]): Promise<(WireEntry | undefined | GatewayError)[]> {
    const request = { namespace: this.namespace, keys: [...keys] };
    const { results } = await this.call("BatchGet", wire.BatchGetRequest, wire.BatchGetResponse, request);
    return results.map(({ outcome }) => (outcome?.$case === "entry" ? entryOf(outcome.value) : failureIn(outcome)));
  }

  /** Writes keys and returns the etag or the failure of each. */
  async batchSet(writes: readonly BatchWrite[]): Promise<(string | GatewayError)[]> {
    const request = { namespace: this.namespace, entries: writes.map(writeOf) };
    const { results } = await this.call("BatchSet", wire.BatchSetRequest, wire.BatchSetResponse, request);
    return results.map(({ outcome }) => (outcome?.$case === "entry" ? outcome.value.etag : failureIn(outcome)));
  }

  /** Removes keys and returns of each whether it was there, or the failure. */
  async batchDelete(removals: readonly { key: string; ifEtag?: string }[]): Promise<(boolean | GatewayError)[]> {
    const entries = removals.map(({ key, ifEtag }) => ({ key, ifEtag }));
    const request = { namespace: this.namespace, entries };
    const { results } = await this.call("BatchDelete", wire.BatchDeleteRequest, wire.BatchDeleteResponse, request);
    return results.map(({ outcome }) => (outcome?.$case === "entry" ? outcome.value.existed : failureIn(outcome)));
  }

  /** Reads one page. */
  scanPage(options: ScanOptions = {}): Promise<wire.ScanResponse> {
    return this.call("Scan", wire.ScanRequest, wire.ScanResponse, {
      namespace: this.namespace,
      selection: selectionOf(options),
      limit: options.limit ?? 0,
      pageSizeBytes: options.pageSizeBytes ?? 0,
      keysOnly: options.keysOnly ?? false,
      pageToken: options.pageToken ?? "",
    });
  }

  /** Reads page after page; ends after the last. */
  async *scanPages(options: ScanOptions = {}): AsyncGenerator<wire.ScanResponse, void, void> {
    let page = await this.scanPage(options);
    yield page;
    while (page.nextPageToken !== "") {
      page = await this.scanPage({ ...options, pageToken: page.nextPageToken });
      yield page;
    }
  }

  async scan(options: ScanOptions = {}): Promise<wire.ScanEntry[]> {
    const entries: wire.ScanEntry[] = [];
    for await (const page of this.scanPages(options)) entries.push(...page.entries);
    return entries;
  }

  async scanKeys(options: ScanOptions = {}): Promise<string[]> {
    return (await this.scan(options)).map(({ key }) => key);
  }

  async count(prefix = ""): Promise<number> {
    const request = { namespace: this.namespace, prefix };
    return Number((await this.call("Count", wire.CountRequest, wire.CountResponse, request)).count);
  }

  /** Gives a key a time to live and returns when it expires; `undefined`: it is missing. */
  async expire(key: string, ttlMs: number): Promise<number | undefined> {
    const request = { namespace: this.namespace, key, ttl: durationFromMs(ttlMs) };
    const { found, expireTime } = await this.call("Expire", wire.ExpireRequest, wire.ExpireResponse, request);
    return found && expireTime !== undefined ? msFromTimestamp(expireTime) : undefined;
  }

  async persist(key: string): Promise<boolean> {
    const request = { namespace: this.namespace, key };
    return (await this.call("Persist", wire.PersistRequest, wire.PersistResponse, request)).found;
  }

  /** `undefined`: the key is missing. */
  async getTtl(key: string): Promise<{ remainingMs: number | undefined; expiresAtMs: number | undefined } | undefined> {
    const request = { namespace: this.namespace, key };
    const { found, ttl, expireTime } = await this.call("GetTtl", wire.GetTtlRequest, wire.GetTtlResponse, request);
    if (!found) return undefined;
    return { remainingMs: ttl && msFromDuration(ttl), expiresAtMs: expireTime && msFromTimestamp(expireTime) };
  }

  increment(key: string, delta: bigint): Promise<wire.IncrementResponse> {
    const request = { namespace: this.namespace, key, delta };
    return this.call("Increment", wire.IncrementRequest, wire.IncrementResponse, request);
  }

  async transact(
    conditions: readonly WireCondition[],
    mutations: readonly WireMutation[],
  ): Promise<wire.MutationResult[]> {
    const request = {
      namespace: this.namespace,
      conditions: conditions.map(conditionOf),
      mutations: mutations.map(mutationOf),
    };
    return (await this.call("Transact", wire.TransactRequest, wire.TransactResponse, request)).results;
  }

  /** Opens a watch; resolves when the plugin has said that it is in place. */
  watch(prefix = "", options: CallOptions = {}): Promise<KeyValueWatch> {
    const request = encodeMessage(wire.WatchRequest, { namespace: this.namespace, prefix });
    return KeyValueWatch.open(this.stream("Watch", options), request);
  }
}

function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : value;
}

function entryOf({ found, value, etag, expireTime }: wire.GetResponse): WireEntry | undefined {
  if (!found) return undefined;
  return { value: Buffer.from(value), etag, expiresAtMs: expireTime && msFromTimestamp(expireTime) };
}

function writeOf({ key, value, ttlMs, ifAbsent, ifEtag, token }: BatchWrite): wire.BatchSetEntry {
  let condition: wire.BatchSetEntry["condition"];
  if (ifAbsent !== undefined) condition = { $case: "ifAbsent", value: ifAbsent };
  if (ifEtag !== undefined) condition = { $case: "ifEtag", value: ifEtag };
  const ttl = ttlMs === undefined ? undefined : durationFromMs(ttlMs);
  return { key, value: bytesOf(value), ttl, condition, idempotencyToken: token };
}

function selectionOf({ prefix, range }: ScanOptions): wire.ScanRequest["selection"] {
  if (range !== undefined) return { $case: "range", value: { ...range } };
  return prefix === undefined ? undefined : { $case: "prefix", value: prefix };
}

function conditionOf(condition: WireCondition): wire.Condition {
  const test =
    "exists" in condition
      ? ({ $case: "exists", value: condition.exists } as const)
      : ({ $case: "etag", value: condition.etag } as const);
  return { key: condition.key, test };
}

function mutationOf(mutation: WireMutation): wire.Mutation {
  if ("delete" in mutation) return { action: { $case: "delete", value: { key: mutation.delete } } };
  const ttl = mutation.ttlMs === undefined ? undefined : durationFromMs(mutation.ttlMs);
  return { action: { $case: "set", value: { key: mutation.set, value: bytesOf(mutation.value), ttl } } };
}

function failureIn(outcome: { readonly $case: string; readonly value: unknown } | undefined): GatewayError {
  if (outcome?.$case !== "error")
    throw new Error("The answer to an entry of a batch is neither a result nor an error.");
  return failureInStatus(outcome.value as Status);
}
