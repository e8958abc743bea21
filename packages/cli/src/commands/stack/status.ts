import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addStackOptions, ofStack, openStack, type StackCommandOptions } from "../../stack-options.js";
import { stackTable } from "../../stack-report.js";

/** What a server is that was started, was not stopped, and cannot be used. */
const unwell = ["silent", "ended"];

/** `prism stack status`: which servers run, and where. */
export function addStatus(stack: Command, context: CommandContext): void {
  const command = stack.command("status").description("show which servers run, and where").arguments("[names...]");
  addStackOptions(command)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
A server is absent (never started here), running (it answers), silent (its process does not answer), stopped, or ended (it was
not stopped and is gone all the same). Exits 1 when one is silent or ended.

Examples:
  prism stack status
  prism stack status kafka --json`,
    )
    .action(async (names: readonly string[], options: StackCommandOptions) => {
      const { stack, kinds } = await openStack(names, options, context);
      const servers = await ofStack(stack.status(kinds), context);
      if (servers.some(({ state }) => unwell.includes(state))) context.finish(ExitCode.failed);
      await context.stdout.write(options.json ? jsonLine({ servers }) : stackTable(servers));
    });
}
