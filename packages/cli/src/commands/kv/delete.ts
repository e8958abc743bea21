import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { KeyValueClient } from "./key-value-client.js";

interface Options extends ProxyOptions {
  readonly ifEtag?: string;
}

/** `prism kv delete`: after it the key is not there. */
export function addDelete(kv: Command, context: CommandContext): void {
  const command = kv
    .command("delete")
    .description("remove a key")
    .arguments("<namespace> <key>")
    .option("--if-etag <etag>", "remove only if the key has this etag");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Prints "deleted" or "was not there"; both are success: the key is not there any more.

Examples:
  prism kv delete demo greeting
  prism kv delete demo greeting --if-etag "$ETAG"`,
    )
    .action(async (namespace: string, key: string, options: Options) => {
      await using connection = await connectToData(options, context);
      const { existed } = await new KeyValueClient(connection, namespace).delete(key, options.ifEtag);
      const text = existed ? "deleted\n" : "was not there\n";
      await context.stdout.write(options.json ? jsonLine({ existed }) : text);
    });
}
