import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { KeyValueClient } from "./key-value-client.js";
import { entryJson } from "./key-value-json.js";

/** `prism kv get`: the value's bytes, as they are. */
export function addGet(kv: Command, context: CommandContext): void {
  const command = kv.command("get").description("print the value of a key").arguments("<namespace> <key>");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
The value's bytes are written as they are; a newline follows only on a terminal.

Examples:
  prism kv get demo greeting
  prism kv get demo photo > photo.jpg
  prism kv get demo greeting --json      value in base64, etag, expiry`,
    )
    .action(async (namespace: string, key: string, options: ProxyOptions) => {
      await using connection = await connectToData(options, context);
      const answer = await new KeyValueClient(connection, namespace).get(key);
      if (!answer.found) context.finish(ExitCode.failed);
      if (options.json)
        await context.stdout.write(jsonLine({ found: answer.found, ...(answer.found && entryJson(answer)) }));
      else if (answer.found) await writeValue(answer.value, context);
      else await context.stderr.write(`prism: ${JSON.stringify(namespace)} has no key ${JSON.stringify(key)}\n`);
    });
}

async function writeValue(value: Uint8Array, { stdout }: CommandContext): Promise<void> {
  await stdout.write(value);
  if (stdout.isTerminal) await stdout.write("\n");
}
