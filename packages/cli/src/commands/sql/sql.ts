import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addExecute } from "./execute.js";
import { addQuery } from "./query.js";

/** `prism sql`: the relational pattern by hand. */
export function addSql(program: Command, context: CommandContext): void {
  const sql = program.command("sql").description("run SQL in a relational namespace");
  for (const add of [addQuery, addExecute]) add(sql, context);
}
