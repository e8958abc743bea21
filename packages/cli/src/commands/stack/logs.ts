import type { Command } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { readGrowingFile } from "../../growing-file.js";
import type { CommandContext } from "../../invocation.js";
import { addStackOptions, ofStack, openStack, type StackCommandOptions } from "../../stack-options.js";

interface Options extends StackCommandOptions {
  readonly follow?: boolean;
}

/** `prism stack logs`: what a server has printed. */
export function addLogs(stack: Command, context: CommandContext): void {
  const command = stack.command("logs").description("print the log of a server").arguments("<name>");
  addStackOptions(command)
    .option("-f, --follow", "go on with what it prints from now on, until Ctrl-C")
    .addHelpText(
      "after",
      `
Examples:
  prism stack logs kafka
  prism stack logs postgres --follow`,
    )
    .action(async (name: string, options: Options) => {
      const { stack, kinds, folder } = await openStack([name], options, context);
      const [server] = await ofStack(stack.status(kinds), context);
      if (server === undefined || server.state === "absent") {
        throw new CommandFailure(
          ExitCode.failed,
          `${name} was never started in ${folder}; \`prism stack up ${name}\` does`,
        );
      }
      const follow = options.follow ? context.interrupted : undefined;
      for await (const chunk of readGrowingFile(server.logFile, follow)) await context.stdout.write(chunk);
    });
}
