import { durationFromMs, type queue } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { parseDuration } from "../../duration.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { QueueClient } from "./queue-client.js";

type Settled = Pick<queue.AcknowledgeResponse, "statuses">;

/** `prism queue ack`: says that messages were handled. */
export function addAck(parent: Command, context: CommandContext): void {
  const command = parent
    .command("ack")
    .description("say that messages were handled: they are gone")
    .arguments("<namespace> <delivery-id...>");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Exits 1 when the lease of one of them has ended: that message was or will be delivered again.

Examples:
  prism queue ack jobs "$DELIVERY_ID"
  prism queue receive jobs --max 10 | cut -f 1 | xargs prism queue ack jobs`,
    )
    .action(async (namespace: string, deliveryIds: string[], options: ProxyOptions) => {
      await using connection = await connectToData(options, context);
      const settled = await new QueueClient(connection, namespace).acknowledge(deliveryIds);
      await tell(deliveryIds, settled, { json: options.json, done: "acknowledged" }, context);
    });
}

interface RejectOptions extends ProxyOptions {
  readonly delay?: number;
  readonly cause: string;
}

/** `prism queue reject`: gives messages back. */
export function addReject(parent: Command, context: CommandContext): void {
  const command = parent
    .command("reject")
    .description("give messages back, to be delivered again")
    .arguments("<namespace> <delivery-id...>")
    .option("--delay <duration>", "how long they wait before that, such as 10m", parseDuration)
    .option("--cause <text>", "why, for whoever looks at a dead letter", "");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Exits 1 when the lease of one of them has ended: that message was or will be delivered again.

Examples:
  prism queue reject jobs "$DELIVERY_ID" --cause "printer is out of paper" --delay 10m`,
    )
    .action(async (namespace: string, deliveryIds: string[], options: RejectOptions) => {
      await using connection = await connectToData(options, context);
      const delay = options.delay === undefined ? undefined : durationFromMs(options.delay);
      const request = { deliveryIds, delay, cause: options.cause };
      const settled = await new QueueClient(connection, namespace).reject(request);
      await tell(deliveryIds, settled, { json: options.json, done: "rejected" }, context);
    });
}

/** One line for each delivery: what became of it. */
async function tell(
  deliveryIds: readonly string[],
  { statuses }: Settled,
  { json, done }: { json: boolean | undefined; done: string },
  context: CommandContext,
): Promise<void> {
  for (const [index, deliveryId] of deliveryIds.entries()) {
    const { code = 0, message = "" } = statuses[index] ?? {};
    if (code !== 0) context.finish(ExitCode.failed);
    const line = json
      ? jsonLine({ deliveryId, ...(code === 0 ? { [done]: true } : { error: { code, message } }) })
      : `${deliveryId}\t${code === 0 ? done : message}\n`;
    await context.stdout.write(line);
  }
}

/** Says on stderr which deliveries were not acknowledged, and lets the command fail for them. */
export async function tellLost(
  deliveryIds: readonly string[],
  { statuses }: Settled,
  context: CommandContext,
): Promise<void> {
  for (const [index, { code, message }] of statuses.entries()) {
    if (code === 0) continue;
    context.finish(ExitCode.failed);
    await context.stderr.write(`prism: ${deliveryIds[index]} was not acknowledged: ${message}\n`);
  }
}
