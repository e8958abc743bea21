import { durationFromMs, type queue } from "@prism-data/pattern-sdk/protocol";
import { type Command, Option } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { parseDuration } from "../../duration.js";
import { ExitCode } from "../../exit-code.js";
import { inputLines } from "../../input-lines.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addMessageOptions, type MessageOptions, messageOf } from "../../message-options.js";
import { addPayloadOptions, type PayloadOptions, readPayload } from "../../payload-options.js";
import { printableText } from "../../printable-bytes.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { QueueClient } from "./queue-client.js";

interface Options extends ProxyOptions, MessageOptions, PayloadOptions {
  readonly delay?: number;
  readonly deduplicationId?: string;
}

/** The most messages of one request. */
const messagesPerRequestMax = 1_000;

/** `prism queue send`: one message, or one for each line of stdin; prints the id of each. */
export function addSend(parent: Command, context: CommandContext): void {
  const command = parent
    .command("send")
    .description("send a message, or one for each line of stdin, and print its id")
    .arguments("<namespace> [payload]")
    .option("--delay <duration>", "how long it waits before it can be received, such as 10m", parseDuration)
    .addOption(
      new Option("--deduplication-id <id>", "send nothing if a message with this id was sent lately").conflicts(
        "lines",
      ),
    );
  addDataOptions(addMessageOptions(addPayloadOptions(command, "send")))
    .addHelpText(
      "after",
      `
A line is the message's id, which is that of the first message where --deduplication-id has seen one. With --lines Ctrl-C ends the
input; what was read is sent and its ids are printed.

Examples:
  prism queue send jobs '{"resize":17}' --content-type application/json
  prism queue send jobs --file photo.jpg --header size=small --delay 10m
  prism queue send jobs charge --deduplication-id order-17
  date | prism queue send jobs -
  seq 1000 | prism queue send jobs --lines`,
    )
    .action(async (namespace: string, text: string | undefined, options: Options) => {
      const payload = await readPayload(text, options, context);
      await using connection = await connectToData(options, context);
      const sender = new Sender(new QueueClient(connection, namespace), options, context);
      if (payload !== undefined) return await sender.send([payload]);
      for await (const lines of inputLines(context.stdin, context.interrupted)) await sender.send(lines);
    });
}

class Sender {
  readonly #client: QueueClient;
  readonly #options: Options;
  readonly #context: CommandContext;

  constructor(client: QueueClient, options: Options, context: CommandContext) {
    this.#client = client;
    this.#options = options;
    this.#context = context;
  }

  /** Sends payloads in order and prints what they are called. */
  async send(payloads: readonly Uint8Array[]): Promise<void> {
    for (let start = 0; start < payloads.length; start += messagesPerRequestMax) {
      const entries = payloads.slice(start, start + messagesPerRequestMax).map((payload) => this.#entryOf(payload));
      const { outcomes } = await this.#client.send(entries);
      for (const { outcome } of outcomes) await this.#print(outcome);
    }
  }

  #entryOf(payload: Uint8Array): queue.SendEntry {
    const { delay, deduplicationId = "" } = this.#options;
    return {
      message: messageOf(this.#options, payload),
      delay: delay === undefined ? undefined : durationFromMs(delay),
      deduplicationId,
    };
  }

  async #print(outcome: queue.SendOutcome["outcome"]): Promise<void> {
    if (outcome?.$case !== "sent") throw refused(outcome?.value.message ?? "nothing is known of it");
    const { id, duplicate } = outcome.value;
    await this.#context.stdout.write(this.#options.json ? jsonLine({ id, duplicate }) : `${printableText(id)}\n`);
  }
}

function refused(why: string): CommandFailure {
  return new CommandFailure(ExitCode.failed, `a message was not sent: ${why}`);
}
