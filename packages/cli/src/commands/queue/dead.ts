import type { queue } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { printableBytes, printableText } from "../../printable-bytes.js";
import { rfc3339 } from "../../proto-json.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { QueueClient } from "./queue-client.js";
import { deadLetterJson } from "./queue-json.js";

interface Options extends ProxyOptions {
  readonly limit?: number;
}

/** `prism queue dead`: one line per dead letter, oldest first. */
export function addDead(parent: Command, context: CommandContext): void {
  const command = parent
    .command("dead")
    .description("print the dead letters, oldest first; they stay")
    .arguments("<namespace>")
    .option("--limit <count>", "stop after so many", parseWholeNumber);
  addDataOptions(command)
    .addHelpText(
      "after",
      `
A line is ID, when it died, how often it had been delivered, CAUSE and PAYLOAD, with tabs between, escaped as in "prism kv scan".

Examples:
  prism queue dead jobs
  prism queue dead jobs --limit 10 --json`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      const { limit = Number.POSITIVE_INFINITY, json } = options;
      for await (const letter of new QueueClient(connection, namespace).deadLetters(limit)) {
        await context.stdout.write(json ? jsonLine(deadLetterJson(letter)) : deadLetterLine(letter));
      }
    });
}

function deadLetterLine({ message, deadTime, deliveryCount, cause }: queue.DeadLetter): string {
  const died = deadTime === undefined ? "-" : rfc3339(deadTime);
  const payload = printableBytes(message?.payload ?? new Uint8Array());
  return `${[printableText(message?.id ?? ""), died, deliveryCount, printableText(cause), payload].join("\t")}\n`;
}
