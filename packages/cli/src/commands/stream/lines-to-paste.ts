import type { PasteTarget } from "../../pattern-commands.js";
import { shellQuoted, shellWord } from "../../shell-word.js";

/** Command lines that try a stream namespace. */
export function streamLines({ namespace, listen, command, server }: PasteTarget): readonly string[] {
  const request = shellQuoted(`{"namespace":${JSON.stringify(namespace)}}`);
  return [
    `${command} stream append ${shellWord(namespace)} hello${server}`,
    `${command} stream read ${shellWord(namespace)}${server}`,
    `curl -d ${request} -H 'content-type: application/json' http://${listen}/prism.stream.v1.StreamService/Describe`,
  ];
}
