import { durationFromMs, type queue } from "@prism-data/pattern-sdk/protocol";
import { type Command, Option } from "commander";
import { parseDuration } from "../../duration.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { deliveryLine, deliveryLineHelp } from "./delivery-line.js";
import { QueueClient } from "./queue-client.js";
import { tellLost } from "./settle.js";
import { Worker } from "./worker.js";

interface Options extends ProxyOptions {
  readonly max: number;
  readonly lease?: number;
  readonly wait?: number;
  readonly acknowledge?: boolean;
  readonly follow?: boolean;
  readonly count?: number;
}

/** `prism queue receive`: one line per message, once or until Ctrl-C. */
export function addReceive(parent: Command, context: CommandContext): void {
  const command = parent
    .command("receive")
    .description("take messages under a lease and print them, one per line")
    .arguments("<namespace>")
    .option("--max <count>", "the most messages, up to 100", parseWholeNumber, 1)
    .option("--lease <duration>", "how long they are yours (default: as the namespace says)", parseDuration)
    .option("--wait <duration>", "how long to wait for the first, up to 20s", parseDuration)
    .option("--acknowledge", "acknowledge each message when its line is written")
    .addOption(
      new Option("--follow", "acknowledge, and go on with what comes, until Ctrl-C").conflicts(["max", "wait"]),
    )
    .option("--count <count>", "with --follow: stop after so many messages", parseWholeNumber);
  addDataOptions(command)
    .addHelpText(
      "after",
      `
${deliveryLineHelp} Exits 1 when there is no message.

Without --acknowledge the messages are yours until their lease ends: say what became of them with "prism queue ack" or
"prism queue reject". With --follow Ctrl-C, and --count, end with everything acknowledged that was printed, and nothing else.

Examples:
  prism queue receive jobs --lease 10m --json
  prism queue receive jobs --max 10 --wait 20s --acknowledge
  prism queue receive jobs --follow`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      const client = new QueueClient(connection, namespace);
      if (options.follow) return await follow(client, { namespace, options }, context);
      const { deliveries } = await client.receive(requestOf(options));
      if (deliveries.length === 0) context.finish(ExitCode.failed);
      for (const delivery of deliveries) await context.stdout.write(deliveryLine(delivery, options.json ?? false));
      if (options.acknowledge && deliveries.length > 0) {
        const ids = deliveries.map(({ deliveryId }) => deliveryId);
        await tellLost(ids, await client.acknowledge(ids), context);
      }
    });
}

async function follow(
  client: QueueClient,
  { namespace, options }: { namespace: string; options: Options },
  context: CommandContext,
): Promise<void> {
  using call = client.consume();
  // Who wants so many takes one after the other, so that hardly any are taken in vain.
  const maxOutstandingMessages = options.count === undefined ? 0 : 1;
  const start = { maxOutstandingMessages, maxOutstandingBytes: 0n, lease: optionalDuration(options.lease) };
  await call.send({ namespace, action: { $case: "start", value: start } });
  await new Worker(call, options, context).run();
}

function requestOf({ max, lease, wait }: Options): Omit<queue.ReceiveRequest, "namespace"> {
  return { maxMessages: max, lease: optionalDuration(lease), wait: optionalDuration(wait) };
}

function optionalDuration(durationMs: number | undefined) {
  return durationMs === undefined ? undefined : durationFromMs(durationMs);
}
