import type { Connection } from "./connection.js";
import { JetStream } from "./jet-stream.js";
import type { Names } from "./names.js";
import { encodedToken } from "./subjects.js";

/** The part of a namespace that keeps what its groups know. */
export const groupsPart = "groups";

/** How far a group has come in a partition, and whose it is. */
export interface StreamPlace {
  /** The member that has the partition. `undefined`: none. */
  readonly owner?: string | undefined;
  /** The next record. */
  readonly next: bigint;
  /** The last record that was committed. `undefined`: none. */
  readonly committed?: bigint | undefined;
}

/** The places of one group: one message of JetStream for each partition, replaced only by who knows the one before. */
export class StreamPlaces {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #subjectOf: (partition: number) => string;

  constructor(connection: Connection, names: Names, group: string) {
    this.#jetStream = new JetStream(connection);
    this.#stream = names.stream(groupsPart);
    this.#subjectOf = (partition) => names.subject(groupsPart, encodedToken(group), "place", partition);
  }

  /** The place, and what `write` must know to replace it. */
  async find(partition: number): Promise<{ readonly sequence: number; readonly place: StreamPlace | undefined }> {
    const found = await this.#jetStream.last(this.#stream, this.#subjectOf(partition));
    if (found === undefined) return { sequence: 0, place: undefined };
    const { owner, next, committed } = JSON.parse(Buffer.from(found.payload).toString());
    return {
      sequence: found.sequence,
      place: { owner, next: BigInt(next), committed: committed === undefined ? undefined : BigInt(committed) },
    };
  }

  /** Replaces the place with this sequence; returns the new one's. `undefined`: somebody else has replaced it. */
  write(
    partition: number,
    { owner, next, committed }: StreamPlace,
    lastOfSubject: number,
  ): Promise<number | undefined> {
    const text = JSON.stringify({ owner, next: String(next), committed: committed?.toString() });
    return this.#jetStream.replace(this.#subjectOf(partition), text, { lastOfSubject });
  }
}
