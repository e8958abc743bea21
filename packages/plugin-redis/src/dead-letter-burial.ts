import { deadLetterOf, deadLetterTopic } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { grouped } from "./grouped.js";
import { decodeMessage, encodeMessage } from "./message-record.js";
import { buryScript } from "./pub-sub-scripts.js";
import type { PubSubSpace } from "./pub-sub-space.js";
import { deadLettersScript } from "./queue-scripts.js";
import { QueueStore } from "./queue-store.js";

/** Messages that are given up at once. */
const buriedMax = 100;
const buriedBytesMax = 8 * 2 ** 20;

/** A group that has dead letters. */
export interface MourningGroup {
  readonly key: string;
  readonly name: string;
}

/** Moves what a group has given up to its topic of dead letters: each is in one of both places at any time. */
export async function buryDeadLetters(
  connection: Connection,
  space: PubSubSpace,
  { key, name }: MourningGroup,
): Promise<void> {
  const topic = deadLetterTopic(name);
  const bounds = { deliveriesMax: undefined, retentionMs: undefined };
  const store = new QueueStore({ connection, base: space.groupBase(key), channel: space.groupChannel(key), ...bounds });
  let letters: readonly (readonly Buffer[])[];
  do {
    const [, ...flat] = (await store.run(deadLettersScript, [0, buriedMax, buriedBytesMax])) as Buffer[];
    letters = grouped(flat, 7);
    const args = letters.flatMap(([number, , , count, , cause, record]) => {
      const { message, topic: publishedTo } = decodeMessage(record!);
      const givenUp = { topic: publishedTo, group: name, deliveryCount: Number(count), cause: cause!.toString() };
      return [number!, encodeMessage(deadLetterOf(message, givenUp), topic)];
    });
    if (letters.length > 0)
      await connection.run(buryScript, [`${space.base}groups`], [space.base, space.database, key, topic, ...args]);
  } while (letters.length > 0);
}
