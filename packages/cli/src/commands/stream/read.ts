import type { stream } from "@prism-data/pattern-sdk/protocol";
import { type Command, Option } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { parsePartition } from "./partition.js";
import { parseSince, parseStart, type ReadStart } from "./read-start.js";
import { recordLine, recordLineHelp } from "./record-line.js";
import { StreamClient } from "./stream-client.js";

interface Options extends ProxyOptions {
  readonly partition?: number;
  readonly from?: ReadStart;
  readonly since?: ReadStart;
  readonly limit?: number;
  readonly follow?: boolean;
}

/** `prism stream read`: one line per record, to the end or until Ctrl-C. */
export function addRead(parent: Command, context: CommandContext): void {
  const command = parent
    .command("read")
    .description("print records, one per line")
    .arguments("<namespace>")
    .option("--partition <number>", "of one partition (default: all)", parsePartition)
    .option("--from <start>", "begin at earliest, latest or an offset (default: earliest)", parseStart)
    .addOption(
      new Option("--since <time>", "begin so long ago, such as 10m, or at a time, such as 2026-01-31T10:00:00Z")
        .argParser(parseSince)
        .conflicts("from"),
    )
    .option("--limit <count>", "stop after so many records", parseWholeNumber)
    .option("--follow", "wait for more at the end, until Ctrl-C");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
${recordLineHelp} With --follow the line "caught up" (on stderr; with --json
{"caughtUp":true} on stdout) comes when everything is printed that was there at first.

Examples:
  prism stream read orders
  prism stream read orders --partition 2 --from 1700 --limit 10
  prism stream read orders --since 1h --json
  prism stream read orders --from latest --follow`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      for await (const response of new StreamClient(connection, namespace).read(requestOf(options))) {
        await print(response, options, context);
      }
    });
}

function requestOf({
  partition,
  from,
  since,
  limit = 0,
  follow = false,
}: Options): Omit<stream.ReadRequest, "namespace"> {
  return { partition, start: from ?? since, limit: BigInt(limit), follow };
}

async function print(
  { records, caughtUp }: stream.ReadResponse,
  { json = false, follow }: Options,
  { stdout, stderr }: CommandContext,
): Promise<void> {
  for (const record of records) await stdout.write(recordLine(record, json));
  if (!caughtUp || !follow) return;
  if (json) await stdout.write(jsonLine({ caughtUp }));
  else await stderr.write("caught up; Ctrl-C ends it\n");
}
