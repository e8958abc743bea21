import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { rfc3339 } from "../../proto-json.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";
import { QueueClient } from "./queue-client.js";
import { descriptionJson } from "./queue-json.js";

/** `prism queue describe`: what the queue holds. */
export function addDescribe(parent: Command, context: CommandContext): void {
  const command = parent
    .command("describe")
    .description("show how many messages are ready, under a lease, delayed and dead")
    .arguments("<namespace>");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
OLDEST is when the oldest message that can be received was sent.

Examples:
  prism queue describe jobs
  prism queue describe jobs --json`,
    )
    .action(async (namespace: string, options: ProxyOptions) => {
      await using connection = await connectToData(options, context);
      const description = await new QueueClient(connection, namespace).describe();
      if (options.json) return await context.stdout.write(jsonLine(descriptionJson(description)));
      const { ready, leased, delayed, dead, oldestSendTime } = description;
      const oldest = oldestSendTime === undefined ? "-" : rfc3339(oldestSendTime);
      const head = ["READY", "LEASED", "DELAYED", "DEAD", "OLDEST"];
      await context.stdout.write(textTable([head, [ready, leased, delayed, dead, oldest].map(String)]));
    });
}
