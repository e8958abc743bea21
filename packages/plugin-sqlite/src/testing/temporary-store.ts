import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BackendHealth,
  type CallContext,
  type Change,
  GatewayError,
  type IdempotencyToken,
  type Logger,
} from "@prism-data/pattern-sdk";
import { onTestFinished } from "vitest";
import { SqliteKeyValue } from "../key-value.js";
import { Store, type StoreOptions } from "../store.js";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "prism-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A clock that stands still until a test moves it. */
export class ManualClock {
  #nowMs = 1_000_000;

  readonly nowMs = () => this.#nowMs;

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}

/** A store on a real file, closed when the test is over, with one namespace and what it says of its health. */
export async function openStore(options: Partial<StoreOptions> = {}) {
  const path = options.path ?? join(temporaryFolder(), "data.db");
  const health: BackendHealth[] = [];
  const reportHealth = (reported: BackendHealth) => void health.push(reported);
  const store = await Store.open({
    busyTimeoutMs: 5_000,
    nowMs: Date.now,
    log: silent,
    ...options,
    path,
    reportHealth,
  });
  onTestFinished(() => store.close());
  return { path, store, health, keyValue: await namespaceOf(store, "demo") };
}

export async function namespaceOf(store: Store, name: string): Promise<SqliteKeyValue> {
  return new SqliteKeyValue(store, await store.commits.submit({ apply: () => store.namespaces.make(name) }));
}

/** The context of a call that nobody cancels. */
export function callContext(overrides: Partial<CallContext> = {}): CallContext {
  return {
    namespace: "demo",
    deadlineMs: undefined,
    signal: new AbortController().signal,
    principal: undefined,
    requestId: undefined,
    ...overrides,
  };
}

export const call = callContext();

export const bytes = (text: string) => Buffer.from(text);

export const token = (timeMicros: bigint, nonce = "n"): IdempotencyToken => ({ timeMicros, nonce: bytes(nonce) });

export async function textOf(keyValue: SqliteKeyValue, key: string): Promise<string | undefined> {
  const entry = keyValue.get(key);
  return entry && Buffer.from(entry.value).toString();
}

/** The reason of the error that a call ends with; `undefined`: it succeeded. */
export async function reasonOf(answer: () => unknown): Promise<string | undefined> {
  try {
    await answer();
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error.reason;
    throw error;
  }
}

/** Watches every key that starts with a prefix; returns when the watch is in place. */
export async function watch(keyValue: SqliteKeyValue, prefix = "") {
  const changes: string[] = [];
  const abort = new AbortController();
  const started = Promise.withResolvers<void>();
  const sink = {
    started: () => started.resolve(),
    change: (change: Change) => void changes.push(describe(change)),
  };
  const ended = keyValue.watch(prefix, sink, callContext({ signal: abort.signal }));
  await Promise.race([started.promise, ended]);
  return { changes, ended, end: () => abort.abort() };
}

function describe(change: Change): string {
  return change.kind === "set" ? `set ${change.key}=${Buffer.from(change.value)}` : `${change.kind} ${change.key}`;
}
