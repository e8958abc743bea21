import type { stream } from "@prism-data/pattern-sdk/protocol";
import { type Command, Option } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { inputLines } from "../../input-lines.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addMessageOptions, type MessageOptions, messageOf } from "../../message-options.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { chooseValueSource, readValue } from "../../value-source.js";
import { StreamClient } from "./stream-client.js";
import { positionJson } from "./stream-json.js";

interface Options extends ProxyOptions, MessageOptions {
  readonly file?: string;
  readonly lines?: boolean;
}

/** The most records of one request. */
const recordsPerRequestMax = 1_000;

/** `prism stream append`: one record, or one for each line of stdin; prints where each is. */
export function addAppend(parent: Command, context: CommandContext): void {
  const command = parent
    .command("append")
    .description("append a record, or one for each line of stdin, and print where it is")
    .arguments("<namespace> [payload]")
    .option("--file <file>", "read the payload from a file")
    .addOption(new Option("--lines", "append each line of stdin as a record").conflicts("file"));
  addDataOptions(addMessageOptions(command))
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
    .action(async (namespace: string, payload: string | undefined, options: Options) => {
      if (options.lines && payload !== undefined) {
        throw new CommandFailure(ExitCode.usage, "PAYLOAD and --lines are both given; give one of them");
      }
      const source = options.lines ? undefined : chooseValueSource(payload, options.file);
      const value = source && (await readValue(source, context.stdin, context.interrupted));
      await using connection = await connectToData(options, context);
      const client = new StreamClient(connection, namespace);
      if (value === undefined) return await appendLines({ client, namespace, options }, context);
      const { outcomes } = await client.append(messageOf(options, value));
      await print(outcomes, options, context);
    });
}

/** Where lines go, and how. */
interface LineTarget {
  readonly client: StreamClient;
  readonly namespace: string;
  readonly options: Options;
}

async function appendLines({ client, namespace, options }: LineTarget, context: CommandContext): Promise<void> {
  const batches = inputLines(context.stdin, context.interrupted);
  const first = await batches.next();
  if (first.done) return;
  using call = client.appendStream();
  const send = async (lines: readonly Buffer[]) => {
    const records = lines.map((line) => messageOf(options, line));
    for (let start = 0; start < records.length; start += recordsPerRequestMax) {
      await call.send({ namespace, records: records.slice(start, start + recordsPerRequestMax) });
    }
  };
  const sending = async () => {
    await send(first.value);
    for await (const lines of batches) await send(lines);
    call.end();
  };
  const printing = async () => {
    for await (const { outcomes } of call.answers()) await print(outcomes, options, context);
  };
  await Promise.all([sending(), printing()]);
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
