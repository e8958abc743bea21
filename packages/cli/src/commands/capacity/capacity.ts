import { durationFromMs } from "@prism-data/pattern-sdk/protocol";
import { type Command, Option } from "commander";
import { AdminClient } from "../../admin-client.js";
import { parseDuration } from "../../duration.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { capacityJson, formatCapacity } from "./capacity-report.js";

/** How long is watched unless it is said, in ms. */
const overDefault = { ms: 5_000, text: "5s" } as const;

interface Options extends ProxyOptions {
  readonly over: number;
  readonly group?: string;
  readonly watch?: number;
}

/** `prism capacity`: whether what is declared is enough for what comes. */
export function addCapacity(program: Command, context: CommandContext): void {
  const command = program
    .command("capacity")
    .description("compare what namespaces are used for with what is declared, and advise what to change")
    .arguments("[namespaces...]");
  addAdminOptions(command)
    .addOption(
      new Option("--over <duration>", "how long to watch, 100ms to 1m")
        .argParser(parseDuration)
        .default(overDefault.ms, overDefault.text),
    )
    .option("--watch <duration>", "watch again and again, so long each time, until interrupted", parseDuration)
    .option("--group <group>", "a group whose lag is shown, of streams")
    .addHelpText(
      "after",
      `
Watches a running proxy and changes nothing. A line for each namespace, then what to change, and why. Exits 1 when there is
something to change. With --watch, each look is a table, or with --json a line, of its own.

Examples:
  prism capacity
  prism capacity orders --group billing --over 30s
  prism capacity --watch 10s --json`,
    )
    .action((names: readonly string[], options: Options) => show(names, options, context));
}

async function show(names: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const { watch, over, group = "", json } = options;
  const windowMs = watch ?? over;
  // The answer takes as long as the watch.
  await using connection = await connectToAdmin({ ...options, timeout: options.timeout + windowMs }, context);
  const client = new AdminClient(connection);
  do {
    const request = { namespaces: [...names], window: durationFromMs(windowMs), group };
    const seen = await client.describeCapacity(request).catch(unlessInterrupted(context));
    if (seen === undefined) return;
    if (seen.advice.length > 0 && watch === undefined) context.finish(ExitCode.failed);
    await context.stdout.write(json ? jsonLine(capacityJson(seen)) : formatCapacity(seen));
  } while (watch !== undefined && !context.interrupted.aborted);
}

/** The end of a watch by Ctrl-C is no failure. */
function unlessInterrupted({ interrupted }: CommandContext): (error: unknown) => undefined {
  return (error) => {
    if (interrupted.aborted) return undefined;
    throw error;
  };
}
