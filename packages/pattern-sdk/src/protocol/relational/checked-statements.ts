import type { SqlStatement, SqlValue } from "../../patterns/relational/relational.js";
import type * as wire from "../gen/prism/relational/v1/relational.js";
import { atMost, checkName, invalidField } from "../pattern/checked-fields.js";
import { checkBatch, checkValueSize } from "../pattern/checked-sizes.js";
import { checkedValue } from "./checked-values.js";
import { batchRowsDefault, batchRowsMax, batchStatementsMax, parametersMax, sqlBytesMax } from "./relational-bounds.js";
import type { BoundRelational } from "./relational-method.js";
import { contentBytes } from "./wire-values.js";

/** Turns a statement into the author's, checked. `path` is that of the field. */
export function checkedStatement(
  bound: BoundRelational,
  statement: wire.Statement | undefined,
  path: string,
): SqlStatement {
  if (statement === undefined) throw invalidField(path, "is required");
  const { sql, parameters } = statement;
  checkName(sql, sqlBytesMax, `${path}.sql`);
  if (sql.includes("\0")) throw invalidField(`${path}.sql`, "holds a NUL character; give it as a parameter");
  if (parameters.length > parametersMax) {
    throw invalidField(`${path}.parameters`, `has ${parameters.length} entries; at most ${parametersMax} are allowed`);
  }
  return {
    sql,
    parameters: parameters.map((value, index) => checkedParameter(bound, value, `${path}.parameters[${index}]`)),
  };
}

function checkedParameter(bound: BoundRelational, parameter: wire.Value, path: string): SqlValue {
  const value = checkedValue(bound, parameter, path);
  if (bound.sizeLimits.valueBytes !== undefined) checkValueSize(bound, contentBytes(value), path);
  return value;
}

export function checkedStatements(bound: BoundRelational, statements: readonly wire.Statement[]): SqlStatement[] {
  checkBatch(bound, statements.length, batchStatementsMax, "statements");
  return statements.map((statement, index) => checkedStatement(bound, statement, `statements[${index}]`));
}

export function checkedBatchRows(batchRows: number): number {
  return atMost(batchRows, batchRowsMax, "batch_rows") || batchRowsDefault;
}
