import { setTimeout as pause } from "node:timers/promises";
import type { BatchResult } from "../../../patterns/batch-result.js";
import type { Message } from "../../../patterns/messaging/message.js";
import type { Position, StreamRecord } from "../../../patterns/stream/stream.js";
import { type BrokenStream, broken } from "./broken-stream.js";
import { ReferenceStream } from "./reference-stream.js";

/** Logs that lose, change or misplace what is appended. */
export const recordStreams: readonly BrokenStream[] = [
  broken(
    "keeps header values as text",
    "append: records are read back as they were appended, byte for byte",
    class extends ReferenceStream {
      override add(message: Message): StreamRecord {
        const headers = message.headers.map(({ name, value }) => ({
          name,
          value: Buffer.from(Buffer.from(value).toString()),
        }));
        return super.add({ ...message, headers });
      }
    },
  ),
  broken(
    "keeps one header of each name",
    "append: records are read back as they were appended, byte for byte",
    class extends ReferenceStream {
      override add(message: Message): StreamRecord {
        const headers = [...new Map(message.headers.map((header) => [header.name, header])).values()];
        return super.add({ ...message, headers });
      }
    },
  ),
  broken(
    "drops a record whose id it has seen",
    "append: two records with the same id are two records",
    class extends ReferenceStream {
      override add(message: Message): StreamRecord {
        return this.appended.find((record) => record.message.id === message.id) ?? super.add(message);
      }
    },
  ),
  broken(
    "acknowledges before it keeps",
    "append: an acknowledged record is there for whoever reads next",
    class extends ReferenceStream {
      override append(messages: readonly Message[]): readonly BatchResult<Position>[] {
        const offset = this.nextOffset(0);
        setTimeout(() => void super.append(messages), 20);
        return messages.map((_, index) => ({ ok: true, result: { partition: 0, offset: offset + BigInt(index) } }));
      }
    },
  ),
  broken(
    "appends the records of a call in any order",
    "append: a call takes 1000 records, in order",
    class extends ReferenceStream {
      override append(messages: readonly Message[]) {
        return super.append(messages.toReversed());
      }
    },
  ),
  broken(
    "loses a record when two are appended at once",
    "append: the records of many who append at once are each there once, those of each in order",
    class extends ReferenceStream {
      override async append(messages: readonly Message[]) {
        const before = this.appended.length;
        await pause(2);
        this.appended.length = before;
        return super.append(messages);
      }
    },
  ),
  broken(
    "puts keys into partitions by a hash of its own",
    "partitions: a key is always in the same one, the one that Kafka's default partitioner chooses",
    class extends ReferenceStream {
      override partitionFor({ key }: Message): number {
        return [...Buffer.from(key)].reduce((sum, byte) => sum + byte, 0) % this.partitions;
      }
    },
  ),
];
