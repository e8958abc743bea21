import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { connectToData } from "../../proxy-options.js";
import { RelationalClient } from "./relational-client.js";
import { addStatement, readStatement, type StatementOptions, statementHelp } from "./statement.js";

/** `prism sql execute`: how many rows a statement changed. */
export function addExecute(parent: Command, context: CommandContext): void {
  addStatement(parent.command("execute").description("run a statement for what it changes"))
    .addHelpText(
      "after",
      `
${statementHelp}

The statement is committed when its number of rows is printed. Ctrl-C and --timeout stop it on the server; what it wrote is then
gone, unless it was done at that very moment.

Examples:
  prism sql execute ledger 'CREATE TABLE account (id BIGINT PRIMARY KEY, owner TEXT)'
  prism sql execute ledger 'INSERT INTO account VALUES (?1, ?2)' 42 'Ada'
  prism sql execute ledger 'UPDATE account SET owner = $1' text:42 --json`,
    )
    .action(async (namespace: string, sql: string | undefined, parameters: string[], options: StatementOptions) => {
      const statement = await readStatement({ sql, parameters, file: options.file }, context);
      await using connection = await connectToData(options, context);
      const { rowsAffected } = await new RelationalClient(connection, namespace).execute(statement);
      const rows = String(rowsAffected);
      const text = rowsAffected === 1n ? "1 row affected\n" : `${rows} rows affected\n`;
      await context.stdout.write(options.json ? jsonLine({ rowsAffected: rows }) : text);
    });
}
