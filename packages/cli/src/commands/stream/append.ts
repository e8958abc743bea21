import type { stream } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addMessageOptions, type MessageOptions, messageOf } from "../../message-options.js";
import { addPayloadOptions, type PayloadOptions, readPayload } from "../../payload-options.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { sendLines } from "../../send-lines.js";
import { StreamClient } from "./stream-client.js";
import { positionJson } from "./stream-json.js";

type Options = ProxyOptions & MessageOptions & PayloadOptions;

/** `prism stream append`: one record, or one for each line of stdin; prints where each is. */
export function addAppend(parent: Command, context: CommandContext): void {
  const command = parent
    .command("append")
    .description("append a record, or one for each line of stdin, and print where it is")
    .arguments("<namespace> [payload]");
  addDataOptions(addMessageOptions(addPayloadOptions(command, "append")))
    .addHelpText(
      "after",
      `
A line is PARTITION:OFFSET. With --lines Ctrl-C ends the input; what was sent is appended and printed.

Examples:
  prism stream append orders '{"id":17}' --key customer-1 --content-type application/json
  prism stream append photos --file photo.jpg --header camera=front
  date | prism stream append log -
  tail -f app.log | prism stream append log --lines`,
    )
    .action(async (namespace: string, text: string | undefined, options: Options) => {
      const payload = await readPayload(text, options, context);
      await using connection = await connectToData(options, context);
      const client = new StreamClient(connection, namespace);
      const onAnswer = ({ outcomes }: stream.AppendResponse) => print(outcomes, options, context);
      if (payload !== undefined) return await onAnswer(await client.append(messageOf(options, payload)));
      const requestOf = (records: stream.AppendStreamRequest["records"]) => ({ namespace, records });
      await sendLines({ options, open: () => client.appendStream(), requestOf, onAnswer }, context);
    });
}

/** Prints where the records are. Fails with what the first refused one met. */
async function print(
  outcomes: readonly stream.AppendOutcome[],
  { json }: Options,
  { stdout }: CommandContext,
): Promise<void> {
  for (const { outcome } of outcomes) {
    if (outcome?.$case !== "position") throw refused(outcome?.value.message ?? "nothing is known of it");
    const { partition, offset } = outcome.value;
    await stdout.write(json ? jsonLine(positionJson(outcome.value)) : `${partition}:${offset}\n`);
  }
}

function refused(why: string): CommandFailure {
  return new CommandFailure(ExitCode.failed, `a record was not appended: ${why}`);
}
