import type { Pattern } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { addKv } from "./commands/kv/kv.js";
import { kvLines } from "./commands/kv/lines-to-paste.js";
import { pubSubLines } from "./commands/pub-sub/lines-to-paste.js";
import { addPubSub } from "./commands/pub-sub/pub-sub.js";
import { queueLines } from "./commands/queue/lines-to-paste.js";
import { addQueue } from "./commands/queue/queue.js";
import { sqlLines } from "./commands/sql/lines-to-paste.js";
import { addSql } from "./commands/sql/sql.js";
import { streamLines } from "./commands/stream/lines-to-paste.js";
import { addStream } from "./commands/stream/stream.js";
import type { CommandContext } from "./invocation.js";

/** What the command line has for a pattern. */
export interface PatternCommands {
  /** Adds the commands that use the pattern by hand. */
  addTo(program: Command, context: CommandContext): void;
  /** Command lines that try a namespace, for the banner. */
  linesToPaste(target: PasteTarget): readonly string[];
}

/** A namespace to be tried, on a data port without TLS. */
export interface PasteTarget {
  readonly namespace: string;
  /** Where apps connect, as HOST:PORT. */
  readonly listen: string;
  /** How the `prism` command is called. */
  readonly command: string;
  /** What `command` must be told to find the data port: empty, or ` --server HOST:PORT`. */
  readonly server: string;
}

/** The patterns that have commands of their own, in the order in which help shows them. */
export const patternCommands: { readonly [Name in Pattern]?: PatternCommands } = {
  "key-value": { addTo: addKv, linesToPaste: kvLines },
  "pub-sub": { addTo: addPubSub, linesToPaste: pubSubLines },
  queue: { addTo: addQueue, linesToPaste: queueLines },
  stream: { addTo: addStream, linesToPaste: streamLines },
  relational: { addTo: addSql, linesToPaste: sqlLines },
};
