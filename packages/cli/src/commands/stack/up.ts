import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { addStackOptions, ofStack, openStack, type StackCommandOptions } from "../../stack-options.js";
import { reportOutcomes } from "../../stack-report.js";

/** `prism stack up`: starts servers and returns when each answers. */
export function addUp(stack: Command, context: CommandContext): void {
  const command = stack
    .command("up")
    .description("start servers that go on without this command, and wait until each answers")
    .arguments("[names...]");
  addStackOptions(command)
    .option("--programs-dir <folder>", "where programs are that are not on the PATH (also: PRISM_PROGRAMS_DIR)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Names are redis, nats, postgres and kafka; without one, all. They listen on 127.0.0.1 alone, on their usual ports or the next
ones that are free, without passwords: whoever is on this machine can use them. What runs already is left as it is.
Kafka is also found by KAFKA_HOME, the folder of its distribution.

Examples:
  prism stack up
  prism stack up redis postgres
  prism stack up --dir /var/tmp/stack --json`,
    )
    .action(async (names: readonly string[], options: StackCommandOptions) => {
      const { stack, kinds } = await openStack(names, options, context);
      if (context.stderr.isTerminal)
        await context.stderr.write(`starting ${kinds.map(({ name }) => name).join(", ")} …\n`);
      const outcomes = await ofStack(stack.up(kinds), context);
      await reportOutcomes(outcomes, { json: options.json, failure: ExitCode.notStarted }, context);
    });
}
