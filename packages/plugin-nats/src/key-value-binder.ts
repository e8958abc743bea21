import type { PatternBinder } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { JetStream, type KeptConfig } from "./jet-stream.js";
import { keptDurability, keptStream } from "./kept-stream.js";
import { NatsKeyValue } from "./key-value.js";
import { Names } from "./names.js";
import { checkPayload } from "./payload-limit.js";
import { Replaced } from "./replaced.js";
import { toldDifferences } from "./stream-difference.js";
import { encodedToken } from "./subjects.js";

const part = "keys";

/** Namespaces of keys: one stream of JetStream each, which keeps the last message of each key. */
export function keyValueBinder(
  connection: Connection,
  { subject_prefix: prefix, replicas }: Settings,
): PatternBinder<NatsKeyValue> {
  const jetStream = new JetStream(connection);
  const namesOf = (namespace: string) => new Names({ prefix, kind: "kv", namespace });
  const subjectsOf = (names: Names) => names.subject(part, "*");
  const configOf = (namespace: string): KeptConfig => {
    const names = namesOf(namespace);
    const { republish: _, ...kept } = keptStream({ names, namespace, part, replicas });
    return {
      // Not max_msgs_per_subject: what that removes comes back when the server is killed.
      ...{ ...kept, subjects: [subjectsOf(names)], allow_rollup_hdrs: true, allow_msg_ttl: true },
      // A replica may answer a direct get before it has the newest message.
      allow_direct: replicas === 1,
    };
  };
  return {
    async bind({ namespace }) {
      checkPayload(connection);
      jetStream.checkVersion();
      const difference = await jetStream.make(configOf(namespace));
      const names = namesOf(namespace);
      const subjects = subjectsOf(names);
      const stream = names.stream(part);
      const subjectOf = (key: string) => names.subject(part, encodedToken(key));
      const replaced = new Replaced(jetStream, { stream, subjects });
      const stopHearing = connection.onDown(() => replaced.forget());
      const pattern = new NatsKeyValue(jetStream, { stream, subjectOf, isDirect: replicas === 1 }, replaced);
      const changes = toldDifferences([difference], { done: true });
      const storageBytes = () => jetStream.bytesOf(names.all);
      return { pattern, changes, durability: () => keptDurability, storageBytes, close: stopHearing };
    },
    async plan({ namespace }) {
      return toldDifferences([await jetStream.compare(configOf(namespace))], { done: false });
    },
    async deleteData(namespace) {
      const stream = namesOf(namespace).stream(part);
      if ((await jetStream.find(stream)) === undefined) return [];
      await jetStream.remove(stream);
      return [`removed the stream ${stream}`];
    },
  };
}
