import type { Command } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { QueueClient } from "./queue-client.js";

interface Options extends ProxyOptions {
  readonly limit?: number;
}

/** `prism queue redrive`: sends dead letters again. */
export function addRedrive(parent: Command, context: CommandContext): void {
  const command = parent
    .command("redrive")
    .description("send dead letters again, and print how many")
    .arguments("<namespace> [message-id...]")
    .option(
      "--limit <count>",
      "where no ids are given: the oldest, up to so many, at most 10000 (default: 1000)",
      parseWholeNumber,
    );
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Exits 1 when there was none to send again. An id that is not that of a dead letter does not count.

Examples:
  prism queue redrive jobs
  prism queue redrive jobs --limit 10
  prism queue redrive jobs order-17 order-18`,
    )
    .action(async (namespace: string, messageIds: string[], options: Options) => {
      if (messageIds.length > 0 && options.limit !== undefined) {
        throw new CommandFailure(ExitCode.usage, "ids and --limit are both given; give one of them");
      }
      await using connection = await connectToData(options, context);
      const request = { messageIds, limit: options.limit ?? 0 };
      const { redriven } = await new QueueClient(connection, namespace).redrive(request);
      if (redriven === 0n) context.finish(ExitCode.failed);
      // A string, as proto3 JSON has 64-bit numbers.
      await context.stdout.write(options.json ? `{"redriven":"${redriven}"}\n` : `${redriven}\n`);
    });
}
