import * as wire from "../../protocol/gen/prism/relational/v1/relational.js";
import { durationFromMs } from "../../protocol/wire-time.js";
import type { InvalidRequests } from "../pattern-suite.js";
import type { RelationalClient } from "./relational-client.js";
import { type Parameter, texted, timestamp, type WireKind } from "./sql-values.js";

type Send = (sql: RelationalClient) => Promise<unknown>;
interface Request {
  readonly field: string;
  readonly send: Send;
}

const insert = "INSERT INTO witness VALUES (2)";
const tooLong = `${insert} -- ${"x".repeat(1_048_576 - insert.length - 3)}`;

const executeWith =
  (statement: wire.Statement | undefined): Send =>
  (sql) =>
    sql.call("Execute", wire.ExecuteRequest, wire.ExecuteResponse, { namespace: sql.namespace, statement });

const queryWith =
  (fields: Partial<wire.QueryRequest>): Send =>
  async (sql) => {
    const statement = { sql: insert, parameters: [] };
    for await (const _ of sql.queryWith({ namespace: sql.namespace, statement, batchRows: 0, ...fields }));
  };

const batchWith =
  (statements: wire.Statement[]): Send =>
  (sql) =>
    sql.call("ExecuteBatch", wire.ExecuteBatchRequest, wire.ExecuteBatchResponse, {
      namespace: sql.namespace,
      statements,
    });

const plain = (sql: string): wire.Statement => ({ sql, parameters: [] });

/** The statement, sent by each of the methods, after a write that must not stay. */
function statementRequests(what: string, statement: wire.Statement): Request[] {
  return [
    { field: `statement.${what}`, send: executeWith(statement) },
    { field: `statement.${what}`, send: queryWith({ statement }) },
    { field: `statements[1].${what}`, send: batchWith([plain(insert), statement]) },
    { field: `execute.${what}`, send: inTransaction({ $case: "execute", value: statement }) },
    { field: `query.${what}`, send: inTransaction({ $case: "query", value: statement }) },
  ];
}

/** A request in a transaction that has written. */
function inTransaction(action: wire.TransactRequest["action"], namespace = ""): Send {
  return async (sql) => {
    const transaction = await sql.begin();
    await transaction.execute(insert);
    transaction.send(action, namespace);
    await transaction.event();
  };
}

/** The first request of a stream. */
function first(action: wire.TransactRequest["action"]): Send {
  return (sql) => {
    const transaction = sql.openTransaction();
    transaction.send(action, sql.namespace);
    return transaction.event();
  };
}

function beginWith(fields: Partial<wire.Begin>): Send {
  return first({ $case: "begin", value: { isolation: 0, readOnly: false, idleTimeout: undefined, ...fields } });
}

/** A parameter that is refused, by the field that is named. */
function parameterRequest(path: string, kind: WireKind | undefined): Request {
  return { field: `statement.parameters[0]${path}`, send: executeWith({ sql: insert, parameters: [{ kind }] }) };
}

const textForms: readonly (readonly [path: string, kind: Parameter & { $case: string }, ...values: string[]])[] = [
  ["local_timestamp", texted("localTimestamp", ""), "2026-02-30T00:00:00", "2026-01-01", "2026-01-01 00:00:00"],
  ["date", texted("date", ""), "2026-02-29", "2026-1-1", "0000-01-01", "tomorrow"],
  ["time", texted("time", ""), "24:00:00", "12:60:00", "12:00", "12:00:00.1234567", "12:00:00+25:00"],
  ["json", texted("json", ""), "{", "{'a':1}", "undefined"],
  ["uuid", texted("uuid", ""), "00000000-0000-0000-0000-00000000000", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"],
];

const one: WireKind = { $case: "int64", value: 1n };

function arrayOf(kinds: readonly WireKind[]): WireKind {
  return { $case: "array", value: { elements: kinds.map((kind) => ({ kind })) } };
}

/** Requests that are refused whatever is stored. */
export const invalidRequests: readonly InvalidRequests<RelationalClient>[] = [
  {
    what: "statements",
    needs: [],
    requests: [
      { field: "statement", send: executeWith(undefined) },
      { field: "statement", send: queryWith({ statement: undefined }) },
      { field: "statements", send: batchWith([]) },
      { field: "statements", send: batchWith(Array.from({ length: 1_001 }, () => plain(insert))) },
      ...statementRequests("sql", plain("")),
      ...statementRequests("sql", plain(tooLong)),
      ...statementRequests("sql", plain(`${insert}\0`)),
      ...statementRequests("parameters", {
        sql: insert,
        parameters: Array.from({ length: 1_001 }, () => ({ kind: { $case: "null" as const, value: true } })),
      }),
      { field: "batch_rows", send: queryWith({ batchRows: 10_001 }) },
    ],
  },
  {
    what: "parameters",
    needs: [],
    requests: [
      parameterRequest("", undefined),
      parameterRequest(".null", { $case: "null", value: false }),
      parameterRequest(".timestamp", timestamp({ seconds: 253_402_300_800n, nanos: 0 })),
      parameterRequest(".timestamp", timestamp({ seconds: -62_135_596_801n, nanos: 0 })),
      parameterRequest(".timestamp", timestamp({ seconds: 0n, nanos: -1 })),
      parameterRequest(".timestamp", timestamp({ seconds: 0n, nanos: 1 })),
      ...textForms.flatMap(([path, { $case }, ...values]) =>
        ["", ...values].map((value) => parameterRequest(`.${path}`, { $case, value } as WireKind)),
      ),
    ],
  },
  {
    what: "decimals",
    needs: ["decimals"],
    requests: ["", "1,5", "1.2.3", "e5", "nan", "0x10", " 1"].map((value) =>
      parameterRequest(".numeric", texted("numeric", value)),
    ),
  },
  {
    what: "arrays",
    needs: ["arrays"],
    requests: [
      parameterRequest(".array", arrayOf(Array.from({ length: 10_001 }, () => one))),
      parameterRequest(".array.elements[1]", arrayOf([one, { $case: "text", value: "a" }])),
      parameterRequest(".array.elements[1]", arrayOf([arrayOf([one]), arrayOf([one, one])])),
      parameterRequest(".array.elements[1]", arrayOf([one, arrayOf([one])])),
      parameterRequest(".array.elements[0].date", arrayOf([texted("date", "2026-02-29")])),
    ],
  },
  {
    what: "transactions",
    needs: [],
    requests: [
      { field: "begin", send: first(undefined) },
      { field: "begin", send: first({ $case: "execute", value: plain(insert) }) },
      { field: "begin", send: first({ $case: "commit", value: {} }) },
      { field: "begin.isolation", send: beginWith({ isolation: 4 as wire.Isolation }) },
      { field: "begin.idle_timeout", send: beginWith({ idleTimeout: durationFromMs(999) }) },
      { field: "begin.idle_timeout", send: beginWith({ idleTimeout: durationFromMs(600_001) }) },
      { field: "begin.idle_timeout", send: beginWith({ idleTimeout: durationFromMs(0) }) },
      { field: "begin.idle_timeout", send: beginWith({ idleTimeout: durationFromMs(-5_000) }) },
      { field: "begin.idle_timeout", send: beginWith({ idleTimeout: { seconds: 2n, nanos: 1 } }) },
      { field: "action", send: inTransaction(undefined) },
      { field: "namespace", send: inTransaction({ $case: "commit", value: {} }, "another") },
      {
        field: "begin",
        send: inTransaction({ $case: "begin", value: { isolation: 0, readOnly: false, idleTimeout: undefined } }),
      },
    ],
  },
];
