import { setTimeout as pause } from "node:timers/promises";
import { isBackendAway, type Outlet } from "@prism-data/pattern-sdk";
import type { Kafka } from "kafkajs";
import { PartitionReader, waitMs } from "./partition-reader.js";
import type { KafkaRecord } from "./record-codec.js";
import { TopicLink } from "./topic-link.js";
import { onlyPartition } from "./topics.js";

/** How soon the brokers are asked again that are away. */
const outageMs = 250;

export interface FollowOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** The offset of the first record. */
  readonly from: bigint;
  readonly outlet: Outlet<KafkaRecord>;
  readonly signal: AbortSignal;
}

/** Reads the only partition of a topic from a place on until `signal` is aborted, through outages too. Rejects always. */
export async function follow({ kafka, topic, from, outlet, signal }: FollowOptions): Promise<never> {
  const link = new TopicLink(kafka, topic);
  // What a broker holds back until there is something would hold up the end.
  const onAborted = () => void link.close();
  signal.addEventListener("abort", onAborted, { once: true });
  const reader = new PartitionReader(link, waitMs);
  reader.add(onlyPartition, from, { known: from });
  try {
    for (;;) {
      const room = await outlet.room();
      signal.throwIfAborted();
      const records = reader.take(room);
      outlet.send(records);
      if (records.length === 0) await untilBack(() => reader.fetch(signal), signal);
    }
  } finally {
    signal.removeEventListener("abort", onAborted);
    await link.close();
  }
}

/** Does something; when the brokers are away, again a little later. */
async function untilBack(run: () => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (signal.aborted || !isBackendAway(error)) throw error;
    await pause(outageMs, undefined, { signal });
  }
}
