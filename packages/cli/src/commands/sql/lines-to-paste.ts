import type { PasteTarget } from "../../pattern-commands.js";
import { shellQuoted, shellWord } from "../../shell-word.js";

/** Command lines that try a relational namespace. */
export function sqlLines({ namespace, listen, command, server }: PasteTarget): readonly string[] {
  const request = shellQuoted(`{"namespace":${JSON.stringify(namespace)},"statement":{"sql":"SELECT 1 AS one"}}`);
  return [
    `${command} sql execute ${shellWord(namespace)} ${shellQuoted("CREATE TABLE IF NOT EXISTS t (n BIGINT)")}${server}`,
    `${command} sql query ${shellWord(namespace)} ${shellQuoted("SELECT n FROM t")}${server}`,
    `curl -d ${request} -H 'content-type: application/json' http://${listen}/prism.relational.v1.RelationalService/Query`,
  ];
}
