import type { SizedRequests } from "../pattern-suite.js";
import type { RelationalClient } from "./relational-client.js";

/** Requests whose sizes an operator may limit. */
export const sizedRequests: readonly SizedRequests<RelationalClient>[] = [
  {
    needs: [],
    values: {
      Query: (sql, sizeBytes) => sql.query("SELECT n FROM witness WHERE 'x' = ?1", ["p".repeat(sizeBytes)]),
      Execute: (sql, sizeBytes) => sql.execute("DELETE FROM witness WHERE 'x' = ?1", ["p".repeat(sizeBytes)]),
    },
    batches: {
      ExecuteBatch: (sql, statements) =>
        sql.executeBatch(Array.from({ length: statements }, () => ["DELETE FROM witness WHERE n = 0"] as const)),
    },
  },
];
