import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson } from "../../namespace-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";

/** `prism namespace restore`: brings a deleted namespace back. */
export function addRestore(namespace: Command, context: CommandContext): void {
  const command = namespace.command("restore").description("bring a deleted namespace back").arguments("<name>");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  prism namespace list --deleted
  prism namespace restore sessions`,
    )
    .action(async (name: string, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const restored = await new AdminClient(connection).undeleteNamespace(name);
      const { state, detail } = restored;
      const text = `${name} is back: ${detail === "" ? state : `${state}: ${detail}`}\n`;
      await context.stdout.write(options.json ? jsonLine(namespaceJson(restored)) : text);
    });
}
