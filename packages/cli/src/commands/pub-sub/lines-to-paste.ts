import type { PasteTarget } from "../../pattern-commands.js";
import { shellQuoted, shellWord } from "../../shell-word.js";

/** Command lines that try a pub-sub namespace. */
export function pubSubLines({ namespace, listen, command, server }: PasteTarget): readonly string[] {
  const request = shellQuoted(
    `{"namespace":${JSON.stringify(namespace)},"topic":"hello","messages":[{"payload":"aGk="}]}`,
  );
  return [
    `${command} pubsub subscribe ${shellWord(namespace)} hello${server} &`,
    `${command} pubsub publish ${shellWord(namespace)} hello world${server}`,
    `curl -d ${request} -H 'content-type: application/json' http://${listen}/prism.pubsub.v1.PubSubService/Publish`,
  ];
}
