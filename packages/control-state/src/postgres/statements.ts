import type { Client } from "pg";
import type { ControlSnapshot, Written } from "../control-state.js";
import { type Decision, decide, etagOf, requireRevision, type WriteRequest } from "../decide.js";
import { type BackendSwitch, type DisabledBackendRow, toDisabledBackend } from "../disabled-backend.js";
import type { KnownNamespaces, NamespaceHead } from "../known-namespaces.js";
import { type NamespaceRow, namespaceColumns, toNamespace, toValues } from "../namespace-row.js";
import { commitUnanswered, isAnswer, isStandby } from "./postgres-errors.js";
import { channelOf, requireKnownVersion } from "./postgres-schema.js";

/** Where the tables are. */
export interface TablesPlace {
  readonly schema: string;
  readonly place: string;
}

const columns = namespaceColumns.join(", ");
const columnTypes = ["text", "text", "text", "bytea", "text", "bigint", "bigint", "bigint", "bigint", "int"] as const;

/** The server may be set to acknowledge what a crash can take away; what more it may promise is the operator's choice. */
const begin =
  "BEGIN; SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

const save = `
  INSERT INTO namespace (${columns}) SELECT * FROM unnest(${columnTypes.map((type, place) => `$${place + 1}::${type}[]`).join(", ")})
  ON CONFLICT (name) DO UPDATE SET ${namespaceColumns.map((column) => `${column} = excluded.${column}`).join(", ")}`;

interface StateRow {
  readonly version: number;
  readonly number: string;
  readonly revision: string;
}

/** Asks for the revision. Throws `unavailable` at a standby, and `invalid` when the tables are newer. */
export async function askRevision(client: Client, { place }: TablesPlace): Promise<string> {
  const text = "SELECT version, revision, pg_is_in_recovery() AS standby FROM state";
  const { rows } = await client.query<StateRow & { standby: boolean }>(text);
  const { version, revision, standby } = rows[0]!;
  if (standby) throw isStandby(place);
  requireKnownVersion(version, place);
  return revision;
}

/** Everything, as of one moment. */
export async function readAll(
  client: Client,
  { place }: TablesPlace,
  known: KnownNamespaces,
): Promise<ControlSnapshot> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    const text = "SELECT version, revision, name, etag FROM state LEFT JOIN namespace ON true ORDER BY name";
    const { rows } = await client.query<StateRow & NamespaceHead>(text);
    const { version, revision } = rows[0]!;
    requireKnownVersion(version, place);
    const heads = rows.filter(({ name }) => name !== null);
    const namespaces = known.complete(heads, await find(client, known.unknown(heads)));
    const disabled = await client.query<DisabledBackendRow>("SELECT * FROM disabled_backend ORDER BY name");
    return { revision, namespaces, disabledBackends: disabled.rows.map(toDisabledBackend) };
  } finally {
    await client.query("ROLLBACK").catch(() => {});
  }
}

/** Does all writes in one transaction; others wait for its end. */
export function writeAll(client: Client, where: TablesPlace, request: WriteRequest): Promise<Written> {
  return committed(client, where, () => apply(client, where, request));
}

/** Takes a backend out of service or back. Returns the revision that it made. */
export function switchOne(client: Client, where: TablesPlace, change: BackendSwitch): Promise<string> {
  const { name, disabled, nowMs } = change;
  return committed(client, where, async () => {
    const { number } = await lockState(client, where);
    await client.query("DELETE FROM disabled_backend WHERE name = $1", [name]);
    if (disabled !== undefined) {
      await client.query("INSERT INTO disabled_backend VALUES ($1, $2, $3)", [name, disabled.reason, nowMs]);
    }
    return await advance(client, where, { number: Number(number) + 1, revision: etagOf(Number(number) + 1) });
  });
}

async function committed<T>(client: Client, where: TablesPlace, work: () => Promise<T>): Promise<T> {
  await client.query(begin);
  const written = await work().catch(async (error) => {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  });
  try {
    await client.query("COMMIT");
  } catch (error) {
    throw isAnswer(error) ? error : commitUnanswered(error, where.place);
  }
  return written;
}

/** Invariant: whoever writes holds this row until the commit, so each decides on what the one before has left. */
async function lockState(client: Client, { place }: TablesPlace): Promise<StateRow> {
  const { rows } = await client.query<StateRow>("SELECT version, number, revision FROM state FOR UPDATE");
  requireKnownVersion(rows[0]!.version, place);
  return rows[0]!;
}

/** Gives the state another revision, and tells it. */
async function advance(
  client: Client,
  { schema }: TablesPlace,
  { number, revision }: { readonly number: number; readonly revision: string },
): Promise<string> {
  await client.query("UPDATE state SET number = $1, revision = $2", [number, revision]);
  await client.query("SELECT pg_notify($1, $2)", [channelOf(schema), revision]);
  return revision;
}

async function apply(
  client: Client,
  where: TablesPlace,
  { writes, revision: wanted, nowMs }: WriteRequest,
): Promise<Written> {
  const { number, revision: before } = await lockState(client, where);
  requireRevision(wanted, before);
  const next = Number(number) + 1;
  const revision = etagOf(next);
  const found = (
    await find(
      client,
      writes.map(({ name }) => name),
    )
  ).map(toNamespace);
  const byName = new Map(found.map((namespace) => [namespace.name, namespace]));
  const decisions = decide(writes, byName, { nowMs, etag: revision });
  await client.query(save, arraysOf(decisions));
  await client.query("DELETE FROM namespace WHERE name = ANY ($1::text[])", [namesOf(decisions, "forget")]);
  await advance(client, where, { number: next, revision });
  return { revision, namespaces: decisions.map(({ namespace }) => namespace) };
}

async function find(client: Client, names: readonly string[]): Promise<readonly NamespaceRow[]> {
  if (names.length === 0) return [];
  const text = `SELECT ${columns} FROM namespace WHERE name = ANY ($1::text[])`;
  return (await client.query<NamespaceRow>(text, [names])).rows;
}

/** The namespaces to save, as one array per column. */
function arraysOf(decisions: readonly Decision[]): unknown[][] {
  const rows = decisions.filter(({ kind }) => kind === "save").map(({ namespace }) => toValues(namespace));
  return namespaceColumns.map((_, place) => rows.map((row) => forDriver(row[place]!)));
}

/** The driver takes bytes as a Buffer only. */
function forDriver(value: string | number | Uint8Array | null): string | number | Buffer | null {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

function namesOf(decisions: readonly Decision[], wanted: Decision["kind"]): readonly string[] {
  return decisions.filter(({ kind }) => kind === wanted).map(({ namespace }) => namespace.name);
}
