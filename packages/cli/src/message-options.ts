import type { messagev1 } from "@prism-data/pattern-sdk/protocol";
import { type Command, InvalidArgumentError } from "commander";

/** What of a message but its payload was given on the command line. */
export interface MessageOptions {
  readonly id?: string;
  readonly key?: string;
  readonly header?: readonly messagev1.Header[];
  readonly contentType?: string;
}

/** Adds the options that say what a message is. */
export function addMessageOptions(command: Command): Command {
  return command
    .option("--key <key>", "what the message is about")
    .option("--header <name=value>", "a header; may be given more than once", collectHeader)
    .option("--content-type <type>", "the media type of the payload, such as application/json")
    .option("--id <id>", "its id (default: Prism makes one)");
}

/** The message with this payload. */
export function messageOf(options: MessageOptions, payload: Uint8Array): messagev1.Message {
  const { id = "", key = "", header = [], contentType = "" } = options;
  return { id, key, headers: [...header], contentType, payload };
}

function collectHeader(text: string, given: readonly messagev1.Header[] = []): readonly messagev1.Header[] {
  const end = text.indexOf("=");
  if (end < 1) throw new InvalidArgumentError("Write a header as NAME=VALUE.");
  return [...given, { name: text.slice(0, end), value: new TextEncoder().encode(text.slice(end + 1)) }];
}
