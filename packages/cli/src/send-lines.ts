import type { messagev1 } from "@prism-data/pattern-sdk/protocol";
import { inputLines } from "./input-lines.js";
import type { CommandContext } from "./invocation.js";
import { type MessageOptions, messageOf } from "./message-options.js";
import type { OpenCall } from "./open-call.js";

/** The most messages of one request. */
const messagesPerRequestMax = 1_000;

/** What becomes of lines, and of what is answered. */
export interface LineTarget<Request, Response> {
  /** What each message has besides its payload. */
  readonly options: MessageOptions;
  /** Opens the call; only when there is a line to send. */
  open(): OpenCall<Request, Response>;
  requestOf(messages: messagev1.Message[]): Request;
  onAnswer(response: Response): Promise<void>;
}

/** Sends each line of stdin as a message. Ctrl-C ends the input; what was sent is answered. */
export async function sendLines<Request, Response>(
  { options, open, requestOf, onAnswer }: LineTarget<Request, Response>,
  { stdin, interrupted }: CommandContext,
): Promise<void> {
  const batches = inputLines(stdin, interrupted);
  const first = await batches.next();
  if (first.done) return;
  using call = open();
  const send = async (lines: readonly Buffer[]) => {
    const messages = lines.map((line) => messageOf(options, line));
    for (let start = 0; start < messages.length; start += messagesPerRequestMax) {
      await call.send(requestOf(messages.slice(start, start + messagesPerRequestMax)));
    }
  };
  const sending = async () => {
    await send(first.value);
    for await (const lines of batches) await send(lines);
    call.end();
  };
  const answering = async () => {
    for await (const response of call.answers()) await onAnswer(response);
  };
  await Promise.all([sending(), answering()]);
}
