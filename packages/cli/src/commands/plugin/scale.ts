import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import { backendJson, servedBy } from "../../backend-json.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";

/** `prism plugin scale`: more or fewer processes of a backend's plugin, without a failed call. */
export function addScale(plugin: Command, context: CommandContext): void {
  const command = plugin
    .command("scale")
    .description("change how many processes of its plugin serve a backend")
    .argument("<backend>")
    .argument("<replicas>", "how many, within the backend's replicas in prism.yaml", parseWholeNumber);
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
Returns when all serve; those that are too many finish their calls. A proxy that starts again begins with the fewest.

Examples:
  prism plugin scale cache 3`,
    )
    .action(async (name: string, replicas: number, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const { backend } = await new AdminClient(connection).setBackendReplicas(name, replicas);
      const json = { ...(backend !== undefined && { backend: backendJson(backend) }) };
      await context.stdout.write(options.json ? jsonLine(json) : servedBy(name, backend));
    });
}
