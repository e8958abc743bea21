import type { Message } from "../../../patterns/messaging/message.js";
import { partitionOf } from "../../../patterns/stream/partition-of.js";
import { type BrokenStream, broken } from "./broken-stream.js";
import { ReferenceStream } from "./reference-stream.js";

const grows =
  "growth: a log gets the partitions that it is bound with; what it held stays, and keys go where the new number says";

/** Logs that get more partitions, and do not do it as they should. */
export const growthStreams: readonly BrokenStream[] = [
  broken(
    "keeps the partitions that it has when it should get more",
    grows,
    class extends ReferenceStream {
      override grow(): void {}
    },
  ),
  broken(
    "forgets what it held when it grows",
    grows,
    class extends ReferenceStream {
      override grow(partitions: number): void {
        super.grow(partitions);
        this.appended.length = 0;
      }
    },
  ),
  broken(
    "puts keys where they went before it grew",
    grows,
    class extends ReferenceStream {
      readonly #before = this.partitions;

      override partitionFor(message: Message): number {
        return message.key === "" ? super.partitionFor(message) : partitionOf(message.key, this.#before);
      }
    },
  ),
  broken(
    "forgets that there are groups when it grows",
    "growth: a member that joins again has what was not committed, and every record of the new partitions",
    class extends ReferenceStream {
      override grow(partitions: number): void {
        const groups = new Map(this.groups);
        this.groups.clear();
        super.grow(partitions);
        for (const [name, group] of groups) this.groups.set(name, group);
      }
    },
  ),
  {
    does: "grows whether it may or not",
    caughtBy: "growth: what may not grow does not, what may does not shrink, and both are told so by a plan too",
    alwaysGrows: true,
  },
];
