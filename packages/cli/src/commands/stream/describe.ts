import type { stream } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";
import { StreamClient } from "./stream-client.js";
import { descriptionJson } from "./stream-json.js";

interface Options extends ProxyOptions {
  readonly group: string;
}

/** `prism stream describe`: a table of the partitions, and how far a group has come. */
export function addDescribe(parent: Command, context: CommandContext): void {
  const command = parent
    .command("describe")
    .description("show where each partition begins and ends, and how far a group has come")
    .arguments("<namespace>")
    .option("--group <group>", "a group whose progress is shown", "");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  prism stream describe orders
  prism stream describe orders --group billing
  prism stream describe orders --group billing --json`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      const description = await new StreamClient(connection, namespace).describe(options.group);
      await context.stdout.write(
        options.json ? jsonLine(descriptionJson(description)) : textTable(rowsOf(description, options.group !== "")),
      );
    });
}

function rowsOf({ partitions }: stream.DescribeResponse, ofGroup: boolean): string[][] {
  const head = ["PARTITION", "EARLIEST", "NEXT", ...(ofGroup ? ["COMMITTED", "LAG"] : [])];
  const rows = partitions.map(({ partition, earliestOffset, nextOffset, committedOffset = "-", lag = "-" }) => {
    const progress = ofGroup ? [committedOffset, lag] : [];
    return [partition, earliestOffset, nextOffset, ...progress].map(String);
  });
  return [head, ...rows];
}
