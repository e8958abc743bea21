import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { backendOutcome } from "./backend-outcome.js";

/** `prism backend enable`: takes a backend back into service. */
export function addEnable(backend: Command, context: CommandContext): void {
  const command = backend.command("enable").description("take a backend back into service").arguments("<backend>");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
Returns when its plugin was started; exit code 1 when it does not serve then, with the reason. It is tried on all the same.

Examples:
  prism backend enable cache`,
    )
    .action(async (name: string, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const enabled = await new AdminClient(connection).enableBackend(name);
      if (enabled?.state !== "ready") context.finish(ExitCode.failed);
      await context.stdout.write(backendOutcome(enabled, options.json === true));
    });
}
