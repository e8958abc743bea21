import { setTimeout as pause } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { type Cluster, openCluster } from "./cluster.js";
import { silent } from "./errors.js";

/** How long an answer may take before a second connection is tried beside the first. */
export const patienceMs = 1_000;

export interface QuestionOptions {
  readonly kafka: Kafka;
  /** Where to ask first. */
  readonly current: Cluster;
  /** How long all may stay silent. */
  readonly silenceMsMax: number;
  readonly signal: AbortSignal;
}

export interface FirstAnswer {
  /** Who has answered; the others are being closed. */
  readonly cluster: Cluster;
  /** Whether one that was asked earlier has not. */
  readonly othersAreSilent: boolean;
}

/**
 * Asks what brokers answer at once: on the connection that is there, and while nothing comes on another new one each second. Throws what
 * the first says that fails, or that all stay silent; all are being closed then.
 */
export async function firstAnswer({ kafka, current, silenceMsMax, signal }: QuestionOptions): Promise<FirstAnswer> {
  const asked = new Map<Cluster, Promise<Cluster>>();
  const giveUpAtMs = performance.now() + silenceMsMax;
  let answering: Cluster | undefined;
  try {
    for (let next = current; performance.now() < giveUpAtMs; next = openCluster(kafka)) {
      asked.set(next, answered(next));
      answering = await soon([...asked.values()], signal);
      if (answering !== undefined) return { cluster: answering, othersAreSilent: answering !== current };
    }
    throw silent(silenceMsMax);
  } finally {
    for (const [cluster, answer] of asked) {
      if (cluster === answering) continue;
      answer.catch(notNeeded);
      cluster.disconnect().catch(notNeeded);
    }
  }
}

async function answered(cluster: Cluster): Promise<Cluster> {
  await cluster.connect();
  const broker = await cluster.brokerPool.findConnectedBroker();
  await broker.apiVersions();
  return cluster;
}

/** What the first of them comes to, unless that takes longer than the patience. */
async function soon<T>(answers: readonly Promise<T>[], signal: AbortSignal): Promise<T | undefined> {
  const ending = new AbortController();
  const waiting = pause(patienceMs, undefined, { signal: AbortSignal.any([signal, ending.signal]) });
  waiting.catch(notNeeded);
  try {
    return await Promise.race([...answers, waiting]);
  } finally {
    ending.abort();
  }
}

/** What becomes of a question whose answer is not needed any more. */
function notNeeded(): void {}
