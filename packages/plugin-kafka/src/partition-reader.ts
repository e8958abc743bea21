import { messageSizeBytes, type Room } from "@prism-data/pattern-sdk";
import { greatest, least } from "./bigint-bounds.js";
import type { Cluster, FetchedPartition } from "./cluster.js";
import { answerOf, leaderless } from "./errors.js";
import { decodeRecord, type KafkaRecord } from "./record-codec.js";
import type { TopicLink } from "./topic-link.js";

/** How long a broker holds a request for records that are not there yet; also how late a reader hears that its leader has moved. */
export const waitMs = 250;

/** What a broker sends of one partition, and of all, per request; one larger batch comes whole. */
const partitionBytesMax = 2 ** 20;
const answerBytesMax = 4 * 2 ** 20;

/** `READ_UNCOMMITTED`: this plugin writes no transactions, and its topics are nobody else's. */
const isolationLevel = 0;

interface Place {
  readonly partition: number;
  /** The next record to fetch, or the one after it that is there. */
  fetch: bigint;
  /** The next record to hand out. */
  next: bigint;
  /** Up to where the broker has records. Asking beyond is an error. */
  known: bigint;
  /** What was fetched and not handed out. */
  fetched: KafkaRecord[];
  /** Where to stop; `undefined`: nowhere. */
  readonly end: bigint | undefined;
}

/** Reads partitions of one topic, each from a place of its own, in turns. One caller at a time. */
export class PartitionReader {
  readonly #link: TopicLink;
  readonly #waitMs: number;
  #places: Place[] = [];
  /** By leader: what it was asked and has not answered. */
  readonly #asked = new Map<string, Promise<unknown>>();

  /** `waitMs`: how long a broker waits for records that are not there yet. */
  constructor(link: TopicLink, waitMs: number) {
    this.#link = link;
    this.#waitMs = waitMs;
  }

  /** Reads this partition too, from `offset` on and up to `end`. `known`: an end that the partition has had. */
  add(partition: number, offset: bigint, { known, end }: { known: bigint; end?: bigint | undefined }): void {
    this.#places.push({ partition, fetch: offset, next: offset, known, fetched: [], end });
  }

  has(partition: number): boolean {
    return this.#places.some((place) => place.partition === partition);
  }

  /** Reads no others than these partitions any more. */
  keep(partitions: readonly number[]): void {
    this.#places = this.#places.filter(({ partition }) => partitions.includes(partition));
  }

  /** Whether every partition was handed out up to the offset that `endOf` says. */
  hasPassed(endOf: (partition: number) => bigint): boolean {
    return this.#places.every(({ partition, next }) => next >= endOf(partition));
  }

  /** Takes what was fetched, no more than there is room for, but one at least if there is one. */
  take(room: Room): KafkaRecord[] {
    const taken: KafkaRecord[] = [];
    let bytesLeft = room.bytes;
    for (const place of this.#places) {
      let count = 0;
      let isFull = false;
      for (const record of place.fetched) {
        const sizeBytes = messageSizeBytes(record.message);
        isFull = taken.length === room.items || (taken.length > 0 && sizeBytes > bytesLeft);
        if (isFull) break;
        taken.push(record);
        bytesLeft -= sizeBytes;
        count++;
        place.next = record.offset + 1n;
      }
      place.fetched = place.fetched.slice(count);
      if (place.fetched.length === 0) place.next = place.fetch;
      if (isFull) break;
    }
    if (this.#places.length > 1) this.#places.push(this.#places.shift()!);
    return taken;
  }

  /** Fetches more, at all leaders at once, until the first has answered. */
  async fetch(signal: AbortSignal): Promise<void> {
    await this.#link.attempt(
      "the read",
      async (cluster) => {
        const wanted = this.#places.filter((place) => place.fetched.length === 0 && !hasFetchedAll(place));
        const leaders = this.#leaders(cluster, wanted);
        for (const [nodeId, places] of leaders) {
          if (this.#asked.has(nodeId)) continue;
          const asking = this.#ask(cluster, nodeId, places).finally(() => this.#asked.delete(nodeId));
          asking.catch(() => {
            // Told to whoever waits for it; if nobody does, the partitions are asked for again.
          });
          this.#asked.set(nodeId, asking);
        }
        if (this.#asked.size > 0) await Promise.race(this.#asked.values());
        else if (wanted.length > 0) throw leaderless(this.#link.topic);
      },
      signal,
    );
  }

  #leaders(cluster: Cluster, places: readonly Place[]): Map<string, Place[]> {
    const partitions = places.map(({ partition }) => partition);
    const leaders = Object.entries(cluster.findLeaderForPartitions(this.#link.topic, partitions));
    return new Map(leaders.map(([nodeId, led]) => [nodeId, places.filter(({ partition }) => led.includes(partition))]));
  }

  async #ask(cluster: Cluster, nodeId: string, places: readonly Place[]): Promise<void> {
    const asked = places.map((place) => ({ place, fetchOffset: least(place.fetch, place.known) }));
    try {
      const broker = await cluster.findBroker({ nodeId });
      const partitions = asked.map(({ place: { partition }, fetchOffset }) => ({
        ...{ partition, fetchOffset: String(fetchOffset), maxBytes: partitionBytesMax },
      }));
      const { responses } = await broker.fetch({
        ...{ replicaId: -1, isolationLevel, maxWaitTime: this.#waitMs, minBytes: 1, maxBytes: answerBytesMax },
        topics: [{ topic: this.#link.topic, partitions }],
      });
      for (const answer of responses.flatMap(({ partitions: answers }) => answers)) {
        const one = asked.find(({ place }) => place.partition === answer.partition);
        if (one !== undefined) arrived(one.place, answer);
      }
    } catch (error) {
      if (answerOf(error) !== "OFFSET_OUT_OF_RANGE") throw error;
      await this.#skipRemoved(places);
    }
  }

  /** Retention has removed what comes next: goes on with the oldest record that is there. */
  async #skipRemoved(places: readonly Place[]): Promise<void> {
    const partitions = places.map(({ partition }) => partition);
    const [earliest, latest] = await Promise.all([
      this.#link.offsets(partitions, "earliest"),
      this.#link.offsets(partitions, "latest"),
    ]);
    for (const place of places) {
      place.known = latest.get(place.partition)!;
      place.fetch = greatest(place.fetch, earliest.get(place.partition)!);
      place.next = greatest(place.next, place.fetch);
    }
  }
}

function arrived(place: Place, { highWatermark, messages }: FetchedPartition): void {
  place.known = greatest(place.known, BigInt(highWatermark));
  for (const message of messages) {
    const offset = BigInt(message.offset);
    if (offset < place.fetch) continue;
    if (place.end !== undefined && offset >= place.end) {
      place.fetch = place.end;
      break;
    }
    place.fetch = offset + 1n;
    if (!message.isControlRecord) place.fetched.push(decodeRecord(place.partition, message));
  }
  if (place.fetched.length === 0) place.next = place.fetch;
}

function hasFetchedAll({ fetch, end }: Place): boolean {
  return end !== undefined && fetch >= end;
}
