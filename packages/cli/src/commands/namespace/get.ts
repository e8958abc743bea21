import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson } from "../../namespace-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";
import { namespaceRows } from "./namespace-rows.js";

/** `prism namespace get`: one namespace. */
export function addGet(namespace: Command, context: CommandContext): void {
  const command = namespace.command("get").description("show a namespace").arguments("<name>");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  prism namespace get profile
  prism namespace get profile --json`,
    )
    .action(async (name: string, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const found = await new AdminClient(connection).getNamespace(name);
      await context.stdout.write(options.json ? jsonLine(namespaceJson(found)) : textTable(namespaceRows(found)));
    });
}
