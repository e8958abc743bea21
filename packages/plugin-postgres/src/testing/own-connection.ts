import { randomUUID } from "node:crypto";
import { postgres, sharedAddress } from "@prism-data/local-servers";
import { type BackendHealth, type CallContext, GatewayError, type Message } from "@prism-data/pattern-sdk";
import { Client } from "pg";
import { onTestFinished } from "vitest";
import { settingsSchema } from "../config.js";
import { Connection } from "../connection.js";
import { serverAccess } from "../server-access.js";

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The server that all tests of a run share. */
export const sharedUrl = () => sharedAddress(postgres, process.env);

/** The name of a schema that no other test uses. */
export const newSchema = () => `t_${randomUUID().replaceAll("-", "").slice(0, 20)}`;

export async function dropSchema(schema: string): Promise<void> {
  await runAsAdmin(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
}

/** A schema that no other test uses; it is gone when the test is over. */
export function temporarySchema(): string {
  const schema = newSchema();
  onTestFinished(() => dropSchema(schema));
  return schema;
}

/** Runs SQL beside the plugin. */
export async function runAsAdmin(sql: string, url = sharedUrl()): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A connection, and what it has said of the server's health. */
export type TestedConnection = Connection & { readonly health: BackendHealth[] };

/** A connection as a plugin process has it, closed when the test is over. */
export async function openConnection(settings: Record<string, unknown>): Promise<TestedConnection> {
  const connection = await startConnection(settings);
  onTestFinished(() => connection.close());
  return connection;
}

/** The same, which the caller closes. */
export async function startConnection(settings: Record<string, unknown>): Promise<TestedConnection> {
  const parsed = settingsSchema.parse({ url: sharedUrl(), ...settings });
  const health: BackendHealth[] = [];
  const connection = new Connection({
    access: serverAccess(parsed, { backend: "tested", workingDir: "/" }),
    poolSize: parsed.pool_size,
    log: silent,
    reportHealth: (report) => health.push(report),
  });
  await connection.firstOutcome;
  return Object.assign(connection, { health });
}

/** The context of a call that nobody cancels, unless by `signal`. */
export function callWith(signal: AbortSignal = new AbortController().signal, deadlineMs?: number): CallContext {
  return { namespace: "", deadlineMs, signal, principal: undefined, requestId: undefined };
}

/** The error that a call ends with. */
export async function failureOf(call: PromiseLike<unknown> | unknown): Promise<GatewayError> {
  const error = await Promise.resolve(call).then(
    () => new Error("The call did not fail."),
    (failure: unknown) => failure,
  );
  if (error instanceof GatewayError) return error;
  throw error;
}

/** Waits until `condition` holds, looking again and again; `withinMs` is far above what it should take. */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`The condition did not hold within ${withinMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function messageWith(id: string, fields: Partial<Message> = {}): Message {
  return { id, key: "", headers: [], contentType: "", payload: Buffer.from(id), ...fields };
}
