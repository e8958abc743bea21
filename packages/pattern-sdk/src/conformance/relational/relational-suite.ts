import assert from "node:assert/strict";
import { relationalKind } from "../../patterns/relational/relational-kind.js";
import { ExecuteRequest } from "../../protocol/gen/prism/relational/v1/relational.js";
import { encodeMessage } from "../../protocol/message.js";
import type { PatternSuite } from "../pattern-suite.js";
import { batchCases } from "./batch.js";
import { durabilityCases } from "./durability.js";
import { invalidRequests } from "./invalid-requests.js";
import { isolationCases } from "./isolation.js";
import { modelCases } from "./model.js";
import { RelationalSubject } from "./relational-subject.js";
import { relationalUses } from "./relational-uses.js";
import { resultCases } from "./results.js";
import { sizedRequests } from "./sized-requests.js";
import { statementCases } from "./statements.js";
import { stoppingCases } from "./stopping.js";
import { transactionCases } from "./transactions.js";
import { valueCases } from "./values.js";

/** How the relational pattern is proven. */
export const relationalSuite: PatternSuite<RelationalSubject> = {
  kind: relationalKind,
  start: (options) => RelationalSubject.start(options),
  cases: [
    ...statementCases,
    ...resultCases,
    ...valueCases,
    ...batchCases,
    ...transactionCases,
    ...stoppingCases,
    ...isolationCases,
    ...modelCases,
  ],
  restartCases: durabilityCases,
  probe: {
    method: "Execute",
    request: (namespace) =>
      encodeMessage(ExecuteRequest, { namespace, statement: { sql: "SELECT 1", parameters: [] } }),
  },
  uses: relationalUses,
  invalidRequests,
  sizedRequests,
  async witness(sql) {
    await sql.execute("CREATE TABLE IF NOT EXISTS witness (n BIGINT PRIMARY KEY)");
    await sql.execute("INSERT INTO witness VALUES (1) ON CONFLICT DO NOTHING");
    return async () => assert.deepEqual(await sql.rows("SELECT n FROM witness"), [[1n]]);
  },
};
