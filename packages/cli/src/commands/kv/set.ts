import { durationFromMs, type idempotency } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { Option } from "commander";
import { parseDuration } from "../../duration.js";
import { parseIdempotencyToken } from "../../idempotency-token.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { chooseValueSource, readValue } from "../../value-source.js";
import { KeyValueClient, type SetOptions } from "./key-value-client.js";

interface Options extends ProxyOptions {
  readonly file?: string;
  readonly ttl?: number;
  readonly ifAbsent?: boolean;
  readonly ifEtag?: string;
  readonly token?: idempotency.IdempotencyToken;
}

/** `prism kv set`: writes a value from the command line, a file or stdin, and prints its etag. */
export function addSet(kv: Command, context: CommandContext): void {
  const command = kv
    .command("set")
    .description("write a key and print the new etag")
    .arguments("<namespace> <key> [value]")
    .option("--file <file>", "read the value from a file")
    .option("--ttl <duration>", "time to live, such as 10s or 24h", parseDuration)
    .addOption(new Option("--if-absent", "write only if the key is missing").conflicts("ifEtag"))
    .option("--if-etag <etag>", "write only if the key has this etag")
    .option(
      "--token <time/nonce>",
      "idempotency token: a repetition with the same one changes nothing",
      parseIdempotencyToken,
    );
  addDataOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  prism kv set demo greeting hello
  prism kv set demo session abc --ttl 30m --if-absent
  prism kv set demo photo --file photo.jpg
  date | prism kv set demo now -
  prism kv set demo minus -- -1          a value that starts with a dash
  prism kv set demo order paid --token 2026-01-31T10:00:00Z/order-17`,
    )
    .action(async (namespace: string, key: string, text: string | undefined, options: Options) => {
      const source = chooseValueSource(text, options.file);
      const value = await readValue(source, context.stdin, context.interrupted);
      await using connection = await connectToData(options, context);
      const { etag } = await new KeyValueClient(connection, namespace).set(key, value, setOptions(options));
      await context.stdout.write(options.json ? jsonLine({ etag }) : `${etag}\n`);
    });
}

function setOptions({ ttl, ifAbsent, ifEtag, token }: Options): SetOptions {
  return {
    ttl: ttl === undefined ? undefined : durationFromMs(ttl),
    condition: ifAbsent
      ? { $case: "ifAbsent", value: true }
      : ifEtag === undefined
        ? undefined
        : { $case: "ifEtag", value: ifEtag },
    idempotencyToken: token,
  };
}
