import type { keyvalue } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { printableBytes, printableText } from "../../printable-bytes.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { KeyValueClient } from "./key-value-client.js";
import { changeJson, changeKindName } from "./key-value-json.js";

interface Options extends ProxyOptions {
  readonly prefix: string;
  readonly count?: number;
}

/** `prism kv watch`: one line per change, until Ctrl-C. */
export function addWatch(kv: Command, context: CommandContext): void {
  const command = kv
    .command("watch")
    .description("print changes as they happen, until Ctrl-C")
    .arguments("<namespace>")
    .option("--prefix <prefix>", "keys that start with this", "")
    .option("--count <count>", "stop after so many changes", parseWholeNumber);
  addDataOptions(command)
    .addHelpText(
      "after",
      `
A line is SET, DELETED or EXPIRED, a tab, KEY, and with SET a tab and VALUE, escaped as in "prism kv scan". Every change that is
acknowledged after the line "watching" (on stderr; with --json {"started":{}} on stdout) is printed.

Examples:
  prism kv watch demo
  prism kv watch demo --prefix user: --json
  prism kv watch demo --count 1`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      let remaining = options.count ?? Number.POSITIVE_INFINITY;
      for await (const { event } of new KeyValueClient(connection, namespace).watch(options.prefix)) {
        if (event?.$case === "started") await reportStart(namespace, options, context);
        if (event?.$case !== "change") continue;
        await context.stdout.write(
          options.json ? jsonLine({ change: changeJson(event.value) }) : formatChange(event.value),
        );
        remaining -= 1;
        if (remaining === 0) return;
      }
    });
}

async function reportStart(namespace: string, { prefix, json }: Options, context: CommandContext): Promise<void> {
  if (json) return context.stdout.write(jsonLine({ started: {} }));
  const selection = prefix === "" ? "all keys" : `the keys that start with ${JSON.stringify(prefix)}`;
  await context.stderr.write(`watching ${selection} of ${JSON.stringify(namespace)}; Ctrl-C ends it\n`);
}

function formatChange(change: keyvalue.Change): string {
  const kind = changeKindName(change.kind);
  const head = `${kind}\t${printableText(change.key)}`;
  return kind === "SET" ? `${head}\t${printableBytes(change.value)}\n` : `${head}\n`;
}
