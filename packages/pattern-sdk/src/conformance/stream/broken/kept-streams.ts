import type { StreamRecord } from "../../../patterns/stream/stream.js";
import { type BrokenStream, broken } from "./broken-stream.js";
import { ReferenceStream } from "./reference-stream.js";

/** Logs that keep too much or too little. */
export const keptStreams: readonly BrokenStream[] = [
  broken(
    "only hides records that are too old from readers",
    "retention: records that are older than the period are really deleted, and no others",
    class extends ReferenceStream {
      override describe(group: string | undefined) {
        const { options } = this;
        this.options = { ...options, retentionMs: undefined };
        const everything = this.appended.filter(({ partition }) => partition === 0);
        const description = super.describe(group);
        this.options = options;
        const earliestOffset = everything[0]?.offset ?? 0n;
        return Promise.resolve(description).then(({ partitions, ordering }) => ({
          partitions: partitions.map((partition) => ({ ...partition, earliestOffset })),
          ordering,
        }));
      }
    },
  ),
  broken(
    "reads from the next record when an offset was removed",
    "retention: a read from an offset that was removed is refused, and says where the log begins",
    class extends ReferenceStream {
      override firstOffset(...[partition, start]: Parameters<ReferenceStream["firstOffset"]>): bigint {
        return start.kind === "offset" ? start.offset : super.firstOffset(partition, start);
      }
    },
  ),
  broken(
    "removes the newest records above the size",
    "retention: above the size the oldest records are really deleted, and the newest stays",
    class extends ReferenceStream {
      override kept(partition: number): readonly StreamRecord[] {
        const all = this.appended.filter((record) => record.partition === partition);
        return this.options.retentionBytes === undefined ? super.kept(partition) : all.slice(0, 4);
      }
    },
  ),
  broken(
    "keeps older records of a key",
    "compaction: older records of a key are really deleted, the last one stays where it was",
    class extends ReferenceStream {
      override compacted(records: readonly StreamRecord[]): readonly StreamRecord[] {
        const compacted = super.compacted(records);
        return this.options.compaction ? [...records.slice(0, 1), ...compacted] : compacted;
      }
    },
  ),
  broken(
    "keeps the first record of a key instead of the last",
    "compaction: older records of a key are really deleted, the last one stays where it was",
    class extends ReferenceStream {
      override compacted(records: readonly StreamRecord[]): readonly StreamRecord[] {
        if (!this.options.compaction) return records;
        const seen = new Set<string>();
        return records.filter(({ message }) => !seen.has(message.key) && seen.add(message.key));
      }
    },
  ),
  broken(
    "gives an offset again",
    "durability: no offset of before comes again",
    class extends ReferenceStream {
      override nextOffset(partition: number): bigint {
        return super.nextOffset(partition) % 10n;
      }
    },
  ),
];
