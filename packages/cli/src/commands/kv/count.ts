import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { KeyValueClient } from "./key-value-client.js";

interface Options extends ProxyOptions {
  readonly prefix: string;
}

/** `prism kv count`: how many keys there are. */
export function addCount(kv: Command, context: CommandContext): void {
  const command = kv
    .command("count")
    .description("print the number of keys")
    .arguments("<namespace>")
    .option("--prefix <prefix>", "keys that start with this", "");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  prism kv count demo
  prism kv count demo --prefix user:`,
    )
    .action(async (namespace: string, options: Options) => {
      await using connection = await connectToData(options, context);
      const { count } = await new KeyValueClient(connection, namespace).count(options.prefix);
      // A string, as proto3 JSON has 64-bit numbers.
      await context.stdout.write(options.json ? `{"count":"${count}"}\n` : `${count}\n`);
    });
}
