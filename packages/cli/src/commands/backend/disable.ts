import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import type { CommandContext } from "../../invocation.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { backendOutcome } from "./backend-outcome.js";

interface DisableOptions extends ProxyOptions {
  readonly reason?: string;
}

/** `prism backend disable`: takes a backend out of service. */
export function addDisable(backend: Command, context: CommandContext): void {
  const command = backend.command("disable").description("take a backend out of service").arguments("<backend>");
  addAdminOptions(command)
    .option("--reason <text>", "why; the apps that are refused are told, too")
    .addHelpText(
      "after",
      `
Its namespaces refuse calls with UNAVAILABLE (BACKEND_DISABLED), the calls that it holds finish, and its plugin process ends. It stays
so when the proxy is started again, and at every proxy that shares the control state, until \`prism backend enable\`.

Examples:
  prism backend disable cache
  prism backend disable cache --reason "moving to another machine until 15:00"`,
    )
    .action(async (name: string, options: DisableOptions) => {
      await using connection = await connectToAdmin(options, context);
      const disabled = await new AdminClient(connection).disableBackend(name, options.reason ?? "");
      await context.stdout.write(backendOutcome(disabled, options.json === true));
    });
}
