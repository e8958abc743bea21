import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import type { Namespaces } from "./namespaces.js";
import type { Statement } from "./statement.js";

/** How late an expired key may be removed and its watchers told. Reads do not see it from its last millisecond on. */
const expireEveryMs = 200;

/** How late everything else is removed that is over. */
const tidyEveryMs = 1_000;

/** Rows of one transaction: a few ms of work, so that writers of the namespace do not wait for long. */
const rowsPerSliceMax = 500;

const sweepLoad = 64;

const withExpired: Statement = {
  name: "kv_with_expired",
  text: `
    SELECT id FROM namespace
    WHERE pattern = 'key-value' AND name IS NOT NULL
      AND EXISTS (SELECT FROM kv_entry WHERE namespace_id = id AND expires_at_ms <= now_ms())`,
};
const expire: Statement = { name: "kv_expire", text: "SELECT kv_expire($1, $2) AS removed" };
const remove: Statement = { name: "kv_remove", text: "SELECT kv_remove($1, $2) AS removed" };
const trim: Statement = { name: "kv_trim", text: "SELECT kv_trim()" };
const endTokens: Statement = {
  name: "kv_end_tokens",
  text: `
    WITH ended AS (
      DELETE FROM kv_token WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM kv_token WHERE kept_until_ms <= now_ms() LIMIT $1 FOR UPDATE SKIP LOCKED
      )) RETURNING 1
    )
    SELECT count(*)::int AS removed FROM ended`,
};

/** Really removes what is over in key-value namespaces, also what nobody reads and what is bound nowhere. */
export class KeyValueSweep {
  readonly #connection: Connection;
  readonly #namespaces: Namespaces;

  constructor(connection: Connection, namespaces: Namespaces) {
    this.#connection = connection;
    this.#namespaces = namespaces;
  }

  get chores(): readonly Chore[] {
    return [
      { everyMs: expireEveryMs, run: () => this.#expire() },
      { everyMs: tidyEveryMs, run: () => this.#tidy() },
    ];
  }

  /** Removes everything of a namespace that was forgotten; returns how many rows. */
  async removeAll(id: number): Promise<number> {
    const removed = await this.#inSlices(remove, [id, rowsPerSliceMax]);
    await this.#namespaces.remove(id);
    return removed;
  }

  async #expire(): Promise<void> {
    const due = await this.#connection.run<{ id: number }>(withExpired, []);
    for (const { id } of due) await this.#inSlices(expire, [id, rowsPerSliceMax]);
  }

  async #tidy(): Promise<void> {
    await this.#connection.run(trim, [], sweepLoad);
    await this.#inSlices(endTokens, [rowsPerSliceMax]);
    for (const id of await this.#namespaces.forgotten()) await this.removeAll(id);
  }

  /** Repeats a statement until it finds nothing more. */
  async #inSlices(statement: Statement, values: readonly number[]): Promise<number> {
    let sum = 0;
    let removed: number;
    do {
      const [row] = await this.#connection.run<{ removed: number }>(statement, values, sweepLoad);
      removed = row!.removed;
      sum += removed;
    } while (removed > 0);
    return sum;
  }
}
