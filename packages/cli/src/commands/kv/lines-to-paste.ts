import type { PasteTarget } from "../../pattern-commands.js";
import { shellQuoted, shellWord } from "../../shell-word.js";

/** Command lines that try a key-value namespace. */
export function kvLines({ namespace, listen, command, server }: PasteTarget): readonly string[] {
  const getRequest = shellQuoted(`{"namespace":${JSON.stringify(namespace)},"key":"hello"}`);
  return [
    `${command} kv set ${shellWord(namespace)} hello world${server}`,
    `curl -d ${getRequest} -H 'content-type: application/json' http://${listen}/prism.keyvalue.v1.KeyValueService/Get`,
    `grpcurl -plaintext -d ${getRequest} ${listen} prism.keyvalue.v1.KeyValueService/Get`,
  ];
}
