import type { ClientBase, QueryResult, QueryResultRow } from "pg";

/** One statement of the plugin's own: prepared under its name once per connection. */
export interface Statement {
  /** Up to 63 characters, one text for each. */
  readonly name: string;
  readonly text: string;
}

/** A parameter: bytes and arrays travel as they are, everything else as text. `undefined`: NULL. */
export type Parameter = string | number | bigint | boolean | Buffer | undefined;

/** Runs a statement on a connection; past `timeoutMs` without an answer the driver gives it up, and the connection is of no more use. */
export async function runOn<Row extends QueryResultRow>(
  client: ClientBase,
  { name, text }: Statement,
  values: readonly Parameter[],
  timeoutMs: number,
): Promise<QueryResult<Row>> {
  const query = { name, text, values: [...values], query_timeout: timeoutMs };
  return client.query<Row>(query);
}
