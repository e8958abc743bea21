import type { Needs, PlannedPattern } from "../needs.js";
import type { Offer } from "../offer.js";
import { countText, sizeText } from "../quantity.js";
import type { Draft } from "./figure.js";

/** How a plugin stores. */
interface Storage {
  readonly where: "disk" | "memory";
  /** Bytes that each item takes beside its payload: keys, indexes, what the system writes around it. Default: none. */
  readonly overheadBytes: Partial<Record<PlannedPattern, number>>;
  /** The most bytes of a backend that does not say it. Not given: as much as there is. */
  readonly bytesMaxDefault?: number;
  /** Replicas of a backend that does not say it; `unknown`: whatever the servers are set to. */
  readonly replicasDefault: number | "unknown";
}

/**
 * What is known of each plugin. The overheads were measured with 20,000 items of 1 KiB under keys of 17 bytes; memstore's is what it
 * counts for a key. A record on Kafka takes 73 bytes more, or fewer when it is compressed: too
 * little to count.
 */
export const storageOf: Readonly<Record<string, Storage>> = {
  memstore: {
    where: "memory",
    overheadBytes: { "key-value": 512, stream: 512, queue: 512, "pub-sub": 512 },
    bytesMaxDefault: 256 * 2 ** 20,
    replicasDefault: 1,
  },
  redis: { where: "memory", overheadBytes: { "key-value": 512, stream: 203, queue: 591 }, replicasDefault: 1 },
  postgres: { where: "disk", overheadBytes: { "key-value": 190, stream: 190, queue: 222 }, replicasDefault: 1 },
  sqlite: { where: "disk", overheadBytes: { "key-value": 382, stream: 385, queue: 452 }, replicasDefault: 1 },
  nats: { where: "disk", overheadBytes: { "key-value": 174, stream: 191 }, replicasDefault: 1 },
  kafka: { where: "disk", overheadBytes: {}, replicasDefault: "unknown" },
};

const unknownStorage: Storage = { where: "disk", overheadBytes: {}, replicasDefault: "unknown" };

/** A day, in seconds. */
const daySeconds = 86_400;

/** Replicas under which the loss of one server may lose what was acknowledged, or stop writes. */
const replicasMin = 3;

/** Bytes that the needs come to on a backend. */
export interface Stored {
  readonly where: Storage["where"];
  readonly bytes: number;
  readonly formula: string;
}

/** What is kept at a time; `undefined`: not enough is said. */
export function storedOn(needs: Needs, offer: Offer): Stored | undefined {
  const { itemBytes, dataBytes, writesPerSecond, pattern } = needs;
  const { where } = storage(offer);
  const overhead = storage(offer).overheadBytes[pattern] ?? 0;
  const each =
    overhead === 0 ? `${countText(itemBytes)} bytes` : `(${countText(itemBytes)} + ${countText(overhead)}) bytes`;
  const { factor, text } = replicas(offer);
  if (dataBytes !== undefined) {
    const items = dataBytes / itemBytes;
    const formula = `${sizeText(dataBytes)} ÷ ${countText(itemBytes)} bytes × ${each}${text}`;
    return { where, bytes: items * (itemBytes + overhead) * factor, formula };
  }
  const seconds = (keepsByAge(pattern) ? needs.retentionMs : needs.ttlMs) ?? undefined;
  if (seconds === undefined || writesPerSecond === undefined) return undefined;
  const items = writesPerSecond * (seconds / 1_000);
  const formula = `${countText(writesPerSecond)} writes/s × ${countText(seconds / 1_000)} s × ${each}${text}`;
  return { where, bytes: items * (itemBytes + overhead) * factor, formula };
}

/** The most that a backend may hold; `undefined`: not known. */
export function bytesMaxOf(offer: Offer): number | undefined {
  return offer.facts?.bytesMax ?? storage(offer).bytesMaxDefault;
}

/** What is kept, what it grows by, and on how many servers. */
export function planStorage(needs: Needs, offer: Offer, { figures, warnings }: Draft): void {
  const { where } = storage(offer);
  const stored = storedOn(needs, offer);
  if (stored !== undefined) figures.push({ name: where, value: sizeText(stored.bytes), formula: stored.formula });
  else planGrowth(needs, offer, { figures, warnings });
  if (needs.pattern !== "pub-sub" || offer.plugin === "kafka") planReplicas(offer, { figures, warnings });
}

/** Of data that nothing deletes. */
function planGrowth(
  { pattern, writesPerSecond, itemBytes, retentionMs }: Needs,
  offer: Offer,
  { figures, warnings }: Pick<Draft, "figures" | "warnings">,
): void {
  if (pattern !== "stream" || retentionMs !== undefined || writesPerSecond === undefined) return;
  const overhead = storage(offer).overheadBytes[pattern] ?? 0;
  const { factor, text } = replicas(offer);
  const bytes = writesPerSecond * daySeconds * (itemBytes + overhead) * factor;
  const each =
    overhead === 0 ? `${countText(itemBytes)} bytes` : `(${countText(itemBytes)} + ${countText(overhead)}) bytes`;
  figures.push({
    name: "growth",
    value: `${sizeText(bytes)} a day`,
    formula: `${countText(writesPerSecond)} writes/s × ${countText(daySeconds)} s × ${each}${text}`,
  });
  warnings.push("nothing is ever deleted: say (prism.retention_days) unless it is to be kept for ever");
}

function planReplicas(offer: Offer, { figures, warnings }: Pick<Draft, "figures" | "warnings">): void {
  const setting = replicaSettings[offer.plugin];
  if (setting === undefined) return;
  const count = offer.facts?.replicas ?? storage(offer).replicasDefault;
  if (count === "unknown") {
    const formula = `${setting} is not set on ${offer.backend}, so the brokers' default holds`;
    figures.push({ name: "replicas", value: "as the brokers decide", formula });
    return;
  }
  figures.push({ name: "replicas", value: countText(count), formula: `${setting} of ${offer.backend}` });
  if (count < replicasMin)
    warnings.push(
      `with fewer than ${replicasMin} replicas the loss of a server may lose data: set ${setting}: ${replicasMin} on ${offer.backend} if there are as many servers`,
    );
}

/** The setting that says how many servers keep a copy, by plugin. */
const replicaSettings: Readonly<Record<string, string>> = { kafka: "replication_factor", nats: "replicas" };

function replicas(offer: Offer): { readonly factor: number; readonly text: string } {
  const count = offer.facts?.replicas ?? storage(offer).replicasDefault;
  if (count === "unknown") return { factor: 1, text: ", per replica" };
  return { factor: count, text: count === 1 ? "" : ` × ${count} replicas` };
}

const storage = ({ plugin }: Offer): Storage => storageOf[plugin] ?? unknownStorage;

/** Others keep what they have until it is deleted. */
const keepsByAge = (pattern: PlannedPattern) => pattern === "stream" || pattern === "queue" || pattern === "pub-sub";
