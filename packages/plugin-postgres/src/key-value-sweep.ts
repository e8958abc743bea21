import type { Chore } from "./chores.js";
import type { Connection } from "./connection.js";
import { inSlices } from "./in-slices.js";
import type { Namespaces } from "./namespaces.js";
import type { Statement } from "./statement.js";

/** How late an expired key may be removed and its watchers told. Reads do not see it from its last millisecond on. */
const expireEveryMs = 200;

/** How late everything else is removed that is over. */
const tidyEveryMs = 1_000;

const withExpired: Statement = {
  name: "kv_with_expired",
  text: `
    SELECT id FROM namespace
    WHERE pattern = 'key-value' AND name IS NOT NULL
      AND EXISTS (SELECT FROM kv_entry WHERE namespace_id = id AND expires_at_ms <= statement_ms())`,
};
const expire: Statement = { name: "kv_expire", text: "SELECT kv_expire($1, $2) AS removed" };
const trim: Statement = { name: "kv_trim", text: "SELECT kv_trim()" };
const endTokens: Statement = { name: "kv_end_tokens", text: "SELECT kv_end_tokens($1) AS removed" };

/** Removes the rows of a key-value namespace that was forgotten. */
export const removeKeyValueRows: Statement = { name: "kv_remove", text: "SELECT kv_remove($1, $2) AS removed" };

/** Really removes what is over in key-value namespaces, also what nobody reads and what is bound nowhere. */
export function keyValueChores(connection: Connection, namespaces: Namespaces): readonly Chore[] {
  return [
    {
      everyMs: expireEveryMs,
      async run() {
        const due = await connection.run<{ id: number }>(withExpired, []);
        for (const { id } of due) await inSlices(connection, expire, [id]);
      },
    },
    {
      everyMs: tidyEveryMs,
      async run() {
        await connection.run(trim, []);
        await inSlices(connection, endTokens, []);
        await namespaces.removeForgotten();
      },
    },
  ];
}
