import type { relational } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { connectToData } from "../../proxy-options.js";
import { RelationalClient } from "./relational-client.js";
import { ResultTable } from "./result-table.js";
import { addStatement, readStatement, type StatementOptions, statementHelp } from "./statement.js";
import { keysOf, valueJson } from "./value-forms.js";

/** `prism sql query`: a table of the rows, as they come. */
export function addQuery(parent: Command, context: CommandContext): void {
  addStatement(parent.command("query").description("run a statement and print its rows"))
    .addHelpText(
      "after",
      `
${statementHelp}

Rows are printed as they come; columns are as wide as the first of them need. On a terminal, what is too wide for it is cut (…).
--json prints one object per row, whole. Ctrl-C and --timeout stop the statement on the server.

Examples:
  prism sql query ledger 'SELECT * FROM account WHERE id = ?1' 42
  prism sql query ledger 'SELECT * FROM account WHERE opened > $1' date:2026-01-31 --json
  prism sql query ledger --file report.sql --timeout 10m
  echo 'SELECT 1' | prism sql query ledger -`,
    )
    .action(async (namespace: string, sql: string | undefined, parameters: string[], options: StatementOptions) => {
      const statement = await readStatement({ sql, parameters, file: options.file }, context);
      await using connection = await connectToData(options, context);
      const responses = new RelationalClient(connection, namespace).query(statement, options.timeout);
      await (options.json ? printJson(responses, context) : printTable(responses, context));
      if (context.interrupted.aborted) context.finish(ExitCode.failed);
    });
}

type Responses = AsyncIterable<relational.QueryResponse>;

async function printJson(responses: Responses, { stdout }: CommandContext): Promise<void> {
  let keys: readonly string[] = [];
  for await (const { columns, rows } of responses) {
    if (columns.length > 0) keys = keysOf(columns);
    const lines = rows.map(({ values }) =>
      jsonLine(Object.fromEntries(values.map((value, index) => [keys[index], valueJson(value)]))),
    );
    await stdout.write(lines.join(""));
  }
}

async function printTable(responses: Responses, { stdout, stderr }: CommandContext): Promise<void> {
  let table: ResultTable | undefined;
  let count = 0;
  for await (const { columns, rows } of responses) {
    table ??= new ResultTable(columns, rows, stdout.columns);
    await stdout.write(table.lines(rows));
    count += rows.length;
  }
  if (stdout.isTerminal) await stderr.write(count === 1 ? "1 row\n" : `${count} rows\n`);
}
