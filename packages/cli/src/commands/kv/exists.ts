import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { KeyValueClient } from "./key-value-client.js";

/** `prism kv exists`: an answer for people and, as the exit code, for scripts. */
export function addExists(kv: Command, context: CommandContext): void {
  const command = kv.command("exists").description("tell whether a key is there").arguments("<namespace> <key>");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Prints "true" and exits 0, or "false" and exits 1.

Examples:
  prism kv exists demo greeting
  if prism kv exists demo lock > /dev/null; then echo locked; fi`,
    )
    .action(async (namespace: string, key: string, options: ProxyOptions) => {
      await using connection = await connectToData(options, context);
      const { exists } = await new KeyValueClient(connection, namespace).exists(key);
      if (!exists) context.finish(ExitCode.failed);
      await context.stdout.write(options.json ? jsonLine({ exists }) : `${exists}\n`);
    });
}
