import type { keyvalue } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { Option } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { printableBytes, printableText } from "../../printable-bytes.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { KeyValueClient, type ScanOptions } from "./key-value-client.js";
import { scanEntryJson } from "./key-value-json.js";

interface Options extends ProxyOptions {
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
  readonly keysOnly?: boolean;
  readonly limit?: number;
}

/** `prism kv scan`: one line per key, through all pages. */
export function addScan(kv: Command, context: CommandContext): void {
  const command = kv
    .command("scan")
    .description("print keys and values, one per line")
    .arguments("<namespace>")
    .addOption(new Option("--prefix <prefix>", "keys that start with this").conflicts(["from", "to"]))
    .option("--from <key>", "the first key of a range")
    .option("--to <key>", "the first key after the range")
    .option("--keys-only", "print no values")
    .option("--limit <count>", "stop after so many keys", parseWholeNumber);
  addDataOptions(command)
    .addHelpText(
      "after",
      `
A line is KEY, a tab, VALUE; backslash, newline, tab and control characters are escaped as \\\\, \\n, \\t and \\u{...}; a value
that is not UTF-8 is shown as \\x.. for each byte. --json prints one object per line, with the value in base64.

Examples:
  prism kv scan demo
  prism kv scan demo --prefix user: --keys-only
  prism kv scan demo --from a --to n --limit 10 --json`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      for await (const entry of new KeyValueClient(connection, namespace).scan(scanOptions(options))) {
        await context.stdout.write(formatEntry(entry, options));
      }
    });
}

function scanOptions({ prefix, from, to, keysOnly = false, limit }: Options): ScanOptions {
  return { selection: selectionOf(prefix, from, to), keysOnly, limit };
}

function selectionOf(prefix?: string, from?: string, to?: string): keyvalue.ScanRequest["selection"] {
  if (prefix !== undefined) return { $case: "prefix", value: prefix };
  if (from === undefined && to === undefined) return undefined;
  return { $case: "range", value: { start: from ?? "", end: to ?? "" } };
}

function formatEntry(entry: keyvalue.ScanEntry, { json, keysOnly = false }: Options): string {
  if (json) return jsonLine(scanEntryJson(entry, keysOnly));
  const key = printableText(entry.key);
  return keysOnly ? `${key}\n` : `${key}\t${printableBytes(entry.value)}\n`;
}
