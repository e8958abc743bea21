import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { RelationalTypes } from "../../patterns/relational/relational-kind.js";
import * as wire from "../gen/prism/relational/v1/relational.js";
import { encodeMessage } from "../message.js";
import { andThen, type MethodEnvironment, readerOf, unaryMethod } from "../pattern/pattern-method.js";
import { firstMessage, streamMethod } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import { checkedBatchRows, checkedStatement, checkedStatements } from "./checked-statements.js";
import type { BoundRelational } from "./relational-method.js";
import { RowSender } from "./row-sender.js";

/** The methods that run statements, each call on its own. */
export const statementMethods = {
  Query: streamMethod(serveQuery),

  Execute: unaryMethod(
    readerOf(wire.ExecuteRequest, "prism.relational.v1.ExecuteRequest"),
    (bound: BoundRelational, { statement }, context) =>
      andThen(bound.pattern.execute(checkedStatement(bound, statement, "statement"), context), (rowsAffected) =>
        encodeMessage(wire.ExecuteResponse, executed(rowsAffected)),
      ),
  ),

  ExecuteBatch: unaryMethod(
    readerOf(wire.ExecuteBatchRequest, "prism.relational.v1.ExecuteBatchRequest"),
    (bound: BoundRelational, { statements }, context) =>
      andThen(bound.pattern.executeBatch(checkedStatements(bound, statements), context), (counts) => {
        checkCounts(counts, statements.length);
        return encodeMessage(wire.ExecuteBatchResponse, { results: counts.map(executed) });
      }),
  ),
};

export function executed(rowsAffected: number): wire.ExecuteResponse {
  return { rowsAffected: BigInt(rowsAffected) };
}

async function serveQuery(call: StreamingServerCall, { resolve }: MethodEnvironment<RelationalTypes>): Promise<void> {
  const request = await firstMessage(call, wire.QueryRequest, "prism.relational.v1.QueryRequest");
  const bound = resolve(request.namespace, call);
  const batchRows = checkedBatchRows(request.batchRows);
  const statement = checkedStatement(bound, request.statement, "statement");
  const sender = new RowSender({
    batchRows,
    async send({ columns, rows }) {
      if (!call.write(encodeMessage(wire.QueryResponse, { columns, rows }))) await call.writable();
    },
  });
  await bound.pattern.query(statement, sender, new ServerCallContext(bound.namespace, call));
  if (!sender.hasSent) await sender.end();
}

function checkCounts(counts: readonly number[], statements: number): void {
  if (counts.length === statements) return;
  throw new GatewayError(
    "INTERNAL",
    `The plugin's executeBatch answered ${counts.length} results for ${statements} statements. This is a defect of the plugin.`,
  );
}
