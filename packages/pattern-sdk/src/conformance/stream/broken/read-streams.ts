import type { CallContext } from "../../../call-context.js";
import type { Room } from "../../../patterns/messaging/outlet.js";
import type { ReadRequest, ReadStart, RecordOutlet, StreamRecord } from "../../../patterns/stream/stream.js";
import { type BrokenStream, broken } from "./broken-stream.js";
import { ReferenceStream } from "./reference-stream.js";

/** Logs that are read wrongly. */
export const readStreams: readonly BrokenStream[] = [
  broken(
    "begins after the offset that was asked for",
    "read: a read from an offset has the record there and all after it",
    class extends ReferenceStream {
      override firstOffset(partition: number, start: ReadStart): bigint {
        return super.firstOffset(partition, start) + (start.kind === "offset" ? 1n : 0n);
      }
    },
  ),
  broken(
    "ignores the limit",
    "read: a limit ends a read, and caught_up is said only if the end was reached",
    class extends ReferenceStream {
      override read(request: ReadRequest, outlet: RecordOutlet, context: CallContext): Promise<void> {
        return super.read({ ...request, limit: undefined }, outlet, context);
      }
    },
  ),
  broken(
    "reads a partition of its own choice",
    "partitions: one can be read alone, from any of its offsets",
    class extends ReferenceStream {
      override read(request: ReadRequest, outlet: RecordOutlet, context: CallContext): Promise<void> {
        return super.read({ ...request, partition: request.partition && 0 }, outlet, context);
      }
    },
  ),
  broken(
    "goes on as long as others append",
    "read: a read that does not follow ends, however fast others append",
    class extends ReferenceStream {
      override read(request: ReadRequest, outlet: RecordOutlet, context: CallContext): Promise<void> {
        const isFollowing = request.follow || this.appended.length > 0;
        return super.read({ ...request, follow: isFollowing }, outlet, context);
      }
    },
  ),
  broken(
    "begins at the latest record when it is first asked for one",
    "read: a read that follows from the latest record has what is appended after it caught up, and nothing before",
    class extends ReferenceStream {
      override read(request: ReadRequest, outlet: RecordOutlet, context: CallContext): Promise<void> {
        if (request.start.kind !== "latest" || !request.follow) return super.read(request, outlet, context);
        outlet.caughtUp();
        return new Promise((resolve) => setTimeout(resolve, 50)).then(() => super.read(request, outlet, context));
      }
    },
  ),
  broken(
    "begins a day later when a time is asked for",
    "replay by time: a read begins with the first record that was appended at the time or later",
    class extends ReferenceStream {
      override firstOffset(partition: number, start: ReadStart): bigint {
        if (start.kind !== "time") return super.firstOffset(partition, start);
        return super.firstOffset(partition, { kind: "time", timeMs: start.timeMs + 86_400_000 });
      }
    },
  ),
  broken(
    "begins after the record of the very time",
    "replay by time: a read begins with the first record that was appended at the time or later",
    class extends ReferenceStream {
      override firstOffset(partition: number, start: ReadStart): bigint {
        if (start.kind !== "time") return super.firstOffset(partition, start);
        return super.firstOffset(partition, { kind: "time", timeMs: Math.floor(start.timeMs) + 0.001 });
      }
    },
  ),
  broken(
    "skips a record now and then",
    "read: a read from an offset has the record there and all after it",
    class extends ReferenceStream {
      override take(places: Map<number, bigint>, room: Room): readonly StreamRecord[] {
        return super.take(places, room).filter(({ offset }) => offset % 7n !== 6n);
      }
    },
  ),
];
