import type { GivenDurability } from "@prism-data/pattern-sdk";
import { RetentionPolicy, StorageType, type StreamConfig } from "nats";
import { type KeptConfig, nanosecondsPerMs } from "./jet-stream.js";
import type { Names } from "./names.js";

/** What all of it survives. A server does not tell its clients how often it syncs. */
export const keptDurability: GivenDurability = {
  durability: "backend",
  advice:
    "JetStream syncs to disk every sync_interval, which only the server's operator knows: set it to always there, and write durability: backend.",
};

/** JetStream's own window for message ids, which must not be longer than messages are kept. */
const duplicateWindowMs = 120_000;

/** What is kept for a part of a namespace. */
export interface KeptPart {
  readonly names: Names;
  /** Says in the stream's metadata whose it is. */
  readonly namespace: string;
  readonly part: string | number;
  readonly replicas: number;
}

/** No bound at which JetStream would drop what was acknowledged, or refuse what Prism takes. */
const unbounded = {
  max_age: 0,
  max_msgs: -1,
  max_bytes: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  no_ack: false,
};

/** The settings of every stream that holds messages of a namespace: on disk, read directly, and telling of each message. */
export function keptStream({ names, namespace, part, replicas }: KeptPart) {
  return {
    name: names.stream(part),
    subjects: [names.subject(part)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: replicas,
    allow_direct: true,
    ...unbounded,
    republish: { src: names.subject(part), dest: names.bell(part), headers_only: true },
    metadata: { "prism-namespace": namespace },
  } satisfies KeptConfig;
}

/** The settings of a stream whose messages are removed when they are so old. `undefined`: they stay. */
export function agedAfter(retentionMs: number | undefined): Pick<StreamConfig, "max_age" | "duplicate_window"> {
  const windowMs = Math.min(retentionMs ?? duplicateWindowMs, duplicateWindowMs);
  return { max_age: (retentionMs ?? 0) * nanosecondsPerMs, duplicate_window: windowMs * nanosecondsPerMs };
}
