import type { relational } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDataOptions, type ProxyOptions } from "../../proxy-options.js";
import { chooseValueSource, readValue } from "../../value-source.js";
import { parseParameter } from "./parameter.js";

/** The help of both commands on what their arguments are. */
export const statementHelp = `The statement numbers its parameters as its backend does: ?1 in SQLite, $1 in PostgreSQL. It is read from SQL, from --file FILE
(then every argument is a parameter), or from stdin when SQL is -.

A parameter that is JSON is what it says: 42 a whole number, 1.5 a floating-point number, true, null, "42" a text, [1,2] an array,
{"a":1} JSON. Anything else is a text. KIND:VALUE gives another kind: bytes (base64), date, double, int64, json, local_timestamp,
numeric, other, text, time, timestamp (RFC 3339), uuid.`;

/** The options of a command that takes a statement. */
export interface StatementOptions extends ProxyOptions {
  readonly file?: string;
}

/** Adds what both commands take. */
export function addStatement(command: Command): Command {
  return addDataOptions(
    command.arguments("<namespace> [sql] [parameters...]").option("--file <file>", "read the statement from a file"),
  );
}

/** A statement and its parameters as they were given. */
export interface GivenStatement {
  readonly sql: string | undefined;
  readonly parameters: readonly string[];
  readonly file: string | undefined;
}

/** Reads the statement from where it is, and the parameters. */
export async function readStatement(given: GivenStatement, context: CommandContext): Promise<relational.Statement> {
  const { sql, parameters, file } = given;
  const texts = file === undefined || sql === undefined ? parameters : [sql, ...parameters];
  const source = chooseValueSource(file === undefined ? sql : undefined, file);
  const parsed = texts.map(parseParameter);
  const bytes = await readValue(source, context.stdin, context.interrupted);
  return { sql: Buffer.from(bytes).toString(), parameters: parsed };
}
