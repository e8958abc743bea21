import { randomUUID } from "node:crypto";
import type { Drift } from "@prism-data/pattern-sdk/conformance";
import { connect, StorageType, type StreamConfig } from "nats";
import { Names } from "../names.js";

/** What an operator may do with `nats stream` to the streams of namespaces, by pattern. */
export async function driftsOf(url: string) {
  const connection = await connect({ servers: url });
  const { streams } = await connection.jetstreamManager();
  const nameOf = (kind: string, part: string) => (namespace: string) =>
    new Names({ prefix: "prism", kind, namespace }).stream(part);

  const changed = (kind: string, part: string, change: Partial<StreamConfig>): Drift => {
    const settings = Object.keys(change);
    return {
      does: `changes ${settings.join(", ")} of a stream`,
      make: (namespace) => streams.update(nameOf(kind, part)(namespace), change),
      // In whatever order.
      told: new RegExp(settings.map((setting) => `(?=.*${setting} )`).join("")),
    };
  };
  const removed = (kind: string, part: string): Drift => ({
    does: `removes the stream ${part}`,
    make: (namespace) => streams.delete(nameOf(kind, part)(namespace)),
    told: /(made|make) the stream /,
  });
  const remade = (kind: string, part: string): Drift => ({
    does: "makes the stream anew, in memory",
    async make(namespace) {
      const name = nameOf(kind, part)(namespace);
      const { config } = await streams.info(name);
      await streams.delete(name);
      await streams.add({ ...config, storage: StorageType.Memory });
    },
    told: /storage memory -> file\. Remove the stream/,
    refusedAs: "BACKEND_FAILED",
  });

  return {
    close: () => connection.close(),
    drifts: {
      "key-value": [changed("kv", "keys", { max_age: 3_600_000_000_000 }), removed("kv", "keys"), remade("kv", "keys")],
      "pub-sub": [changed("pubsub", "messages", { max_msgs: 5 }), removed("pubsub", "messages")],
      queue: [changed("queue", "messages", { max_msgs: 5 }), removed("queue", "records")],
      stream: [
        changed("stream", "0", { max_msgs: 5, max_age: 3_600_000_000_000 }),
        {
          does: "lets a stream take other subjects",
          make: (namespace: string) =>
            streams.update(nameOf("stream", "0")(namespace), { subjects: [`elsewhere.${randomUUID()}`] }),
          told: /subjects /,
        },
        { ...removed("stream", "1"), asked: { options: { partitions: 3 } } },
        removed("stream", "groups"),
      ],
    },
  };
}
