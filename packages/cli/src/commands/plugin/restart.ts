import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import { backendJson, servedBy } from "../../backend-json.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";

/** `prism plugin restart`: a new process in place of the old one, without a failed call. */
export function addRestart(plugin: Command, context: CommandContext): void {
  const command = plugin.command("restart").description("replace a backend's plugin processes").arguments("<backend>");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
The new process is ready before the old one drains, so no call fails; of several replicas one after the other. Returns when all
new ones serve.

Examples:
  prism plugin restart cache
  prism plugin restart cache --timeout 60s`,
    )
    .action(async (name: string, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const { backend } = await new AdminClient(connection).restartBackend(name);
      const json = { ...(backend !== undefined && { backend: backendJson(backend) }) };
      await context.stdout.write(options.json ? jsonLine(json) : servedBy(name, backend));
    });
}
