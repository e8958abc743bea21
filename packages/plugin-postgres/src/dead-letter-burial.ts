import { deadLetterOf, deadLetterTopic } from "@prism-data/pattern-sdk";
import { int8Array } from "./binary-array.js";
import type { Connection } from "./connection.js";
import { type MessageRow, messageArrays, messageOf } from "./message-columns.js";
import type { Statement } from "./statement.js";

/** Messages that are given up at once. */
const buriedMax = 100;
const buriedBytesMax = 8 * 2 ** 20;

const burialLoad = 64;

const find: Statement = {
  name: "pubsub_dead_letters",
  text: `
    SELECT d.id, d.delivery_count, d.last_cause, m.topic, d.message_id, d.key, d.content_type, d.headers, d.payload
    FROM queue_dead_letters($1, 0, 0, $2, $3) d JOIN queue_message m ON m.id = d.id`,
};
const bury: Statement = {
  name: "pubsub_bury",
  text: "SELECT pubsub_bury($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
};
const revive: Statement = { name: "pubsub_revive", text: "SELECT pubsub_revive($1, $2)" };

interface DeadRow extends MessageRow {
  readonly id: bigint;
  readonly delivery_count: number;
  readonly last_cause: Buffer | null;
  readonly topic: Buffer;
}

/** A group that has dead letters. */
export interface MourningGroup {
  readonly id: number;
  readonly name: string;
}

/**
 * Moves what a group has given up to its topic of dead letters: each is in one of both places at any time. What was published to that
 * topic is not given up again by the group, and goes on.
 */
export async function buryDeadLetters(
  connection: Connection,
  namespaceId: number,
  group: MourningGroup,
): Promise<void> {
  const topic = deadLetterTopic(group.name);
  let rows: readonly DeadRow[];
  do {
    rows = await connection.run<DeadRow>(find, [group.id, buriedMax, buriedBytesMax], burialLoad);
    const isSpared = ({ topic: of }: DeadRow) => of.toString() === topic;
    await reviveAll(connection, group, rows.filter(isSpared));
    const buried = rows.filter((row) => !isSpared(row));
    if (buried.length > 0) await buryAll(connection, { namespaceId, group, topic, rows: buried });
  } while (rows.length > 0);
}

async function reviveAll(connection: Connection, { id }: MourningGroup, rows: readonly DeadRow[]): Promise<void> {
  if (rows.length > 0) await connection.run(revive, [id, int8Array(rows.map((row) => row.id))], burialLoad);
}

interface Burial {
  readonly namespaceId: number;
  readonly group: MourningGroup;
  readonly topic: string;
  readonly rows: readonly DeadRow[];
}

async function buryAll(connection: Connection, { namespaceId, group, topic, rows }: Burial): Promise<void> {
  const letters = rows.map((row) =>
    deadLetterOf(messageOf(row), {
      topic: row.topic.toString(),
      group: group.name,
      deliveryCount: row.delivery_count,
      cause: row.last_cause?.toString() ?? "",
    }),
  );
  const dead = int8Array(rows.map(({ id }) => id));
  await connection.run(bury, [namespaceId, group.id, dead, topic, ...messageArrays(letters)], burialLoad);
}
