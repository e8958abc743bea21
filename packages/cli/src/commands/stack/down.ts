import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { addStackOptions, ofStack, openStack, type StackCommandOptions } from "../../stack-options.js";
import { reportOutcomes } from "../../stack-report.js";

interface Options extends StackCommandOptions {
  readonly volumes?: boolean;
}

/** `prism stack down`: stops servers, and removes their data when it is told to. */
export function addDown(stack: Command, context: CommandContext): void {
  const command = stack.command("down").description("stop servers, and keep their data").arguments("[names...]");
  addStackOptions(command)
    .option("--volumes", "remove their data and logs too")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Each is asked to end, and killed when that takes longer than 30 s. No process is touched that was not started by "prism stack up".

Examples:
  prism stack down
  prism stack down kafka
  prism stack down --volumes`,
    )
    .action(async (names: readonly string[], options: Options) => {
      const { stack, kinds } = await openStack(names, options, context);
      const removeData = options.volumes === true;
      const outcomes = await ofStack(stack.down(kinds, { removeData }), context);
      await reportOutcomes(outcomes, { json: options.json, failure: ExitCode.failed }, context);
    });
}
