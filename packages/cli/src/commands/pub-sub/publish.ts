import type { messagev1, pubsub } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addMessageOptions, type MessageOptions, messageOf } from "../../message-options.js";
import { addPayloadOptions, type PayloadOptions, readPayload } from "../../payload-options.js";
import { printableText } from "../../printable-bytes.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { sendLines } from "../../send-lines.js";
import { PubSubClient } from "./pub-sub-client.js";

type Options = ProxyOptions & MessageOptions & PayloadOptions;

/** `prism pubsub publish`: one message, or one for each line of stdin; prints the id of each. */
export function addPublish(parent: Command, context: CommandContext): void {
  const command = parent
    .command("publish")
    .description("publish a message, or one for each line of stdin, and print its id")
    .arguments("<namespace> <topic> [payload]");
  addDataOptions(addMessageOptions(addPayloadOptions(command, "publish")))
    .addHelpText(
      "after",
      `
A line is the message's id. With --lines Ctrl-C ends the input; what was sent is published and its ids are printed.

Examples:
  prism pubsub publish events orders.created '{"id":17}' --key customer-1 --content-type application/json
  prism pubsub publish events photos --file photo.jpg --header camera=front
  date | prism pubsub publish events clock -
  tail -f app.log | prism pubsub publish events log --lines`,
    )
    .action(async (namespace: string, topic: string, text: string | undefined, options: Options) => {
      const payload = await readPayload(text, options, context);
      await using connection = await connectToData(options, context);
      const client = new PubSubClient(connection, namespace, topic);
      const onAnswer = ({ outcomes }: pubsub.PublishResponse) => print(outcomes, options, context);
      if (payload !== undefined) return await onAnswer(await client.publish(messageOf(options, payload)));
      const requestOf = (messages: messagev1.Message[]) => ({ namespace, topic, messages });
      await sendLines({ options, open: () => client.publishStream(), requestOf, onAnswer }, context);
    });
}

/** Prints the ids. Fails with what the first refused message met. */
async function print(
  outcomes: readonly messagev1.Outcome[],
  { json }: Options,
  { stdout }: CommandContext,
): Promise<void> {
  for (const { outcome } of outcomes) {
    if (outcome?.$case !== "id") throw refused(outcome?.value.message ?? "nothing is known of it");
    await stdout.write(json ? jsonLine({ id: outcome.value }) : `${printableText(outcome.value)}\n`);
  }
}

function refused(why: string): CommandFailure {
  return new CommandFailure(ExitCode.failed, `a message was not published: ${why}`);
}
