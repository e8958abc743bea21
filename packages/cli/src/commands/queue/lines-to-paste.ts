import type { PasteTarget } from "../../pattern-commands.js";
import { shellQuoted, shellWord } from "../../shell-word.js";

/** Command lines that try a queue namespace. */
export function queueLines({ namespace, listen, command, server }: PasteTarget): readonly string[] {
  const request = shellQuoted(`{"namespace":${JSON.stringify(namespace)}}`);
  return [
    `${command} queue send ${shellWord(namespace)} hello${server}`,
    `${command} queue receive ${shellWord(namespace)} --acknowledge${server}`,
    `curl -d ${request} -H 'content-type: application/json' http://${listen}/prism.queue.v1.QueueService/Describe`,
  ];
}
