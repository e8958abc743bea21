import { messagev1, type pubsub } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { PubSubClient } from "./pub-sub-client.js";
import { Subscriber } from "./subscriber.js";

interface Options extends ProxyOptions {
  readonly group?: string;
  readonly acknowledge?: boolean;
  readonly count?: number;
}

/** `prism pubsub subscribe`: one line per message, until Ctrl-C. */
export function addSubscribe(parent: Command, context: CommandContext): void {
  const command = parent
    .command("subscribe")
    .description("print messages as they come, until Ctrl-C")
    .arguments("<namespace> <topic>")
    .option("--group <group>", "share the messages with the other members of a group")
    .option("--acknowledge", "at least once: acknowledge each message when its line is written")
    .option("--count <count>", "stop after so many messages", parseWholeNumber);
  addDataOptions(command)
    .addHelpText(
      "after",
      `
TOPIC may be a pattern, where the namespace has wildcards: * is one token, > at the end one or more. A line is TOPIC, a tab, KEY, a
tab, PAYLOAD, escaped as in "prism kv scan"; --json prints one object per line, with the payload and the values of headers in base64.
Everything that is published after the line "subscribed" (on stderr; with --json {"started":{...}} on stdout) is printed. Without
--acknowledge messages are lost to a reader that is too slow; how many is said in their place.

With --acknowledge Ctrl-C, and --count, end with everything acknowledged that was printed, and nothing else.

Examples:
  prism pubsub subscribe events orders.created
  prism pubsub subscribe events 'orders.>' --json
  prism pubsub subscribe events orders.created --group billing --acknowledge
  prism pubsub subscribe events dead_letter.billing --count 1 --json`,
    )
    .action(async (namespace: string, topic: string, options: Options) => {
      await using connection = await connectToData(options, context);
      using call = new PubSubClient(connection, namespace, topic).subscribe();
      await call.send({ namespace, action: { $case: "start", value: startOf(topic, options) } });
      await new Subscriber(call, options, context).run();
    });
}

function startOf(topic: string, { group = "", acknowledge = false }: Options): pubsub.Start {
  const { AT_LEAST_ONCE, AT_MOST_ONCE } = messagev1.DeliveryPromise;
  return {
    topic,
    group,
    delivery: acknowledge ? AT_LEAST_ONCE : AT_MOST_ONCE,
    maxOutstandingMessages: 0,
    maxOutstandingBytes: 0n,
    acknowledgeTimeout: undefined,
  };
}
