import { balancedShares } from "@prism-data/pattern-sdk";
import { headers } from "nats";
import type { Connection } from "./connection.js";
import { JetStream } from "./jet-stream.js";
import type { Names } from "./names.js";
import { groupsPart } from "./stream-places.js";
import { encodedToken } from "./subjects.js";

/** How long a party is missed before the others do without its members, in ms: whole seconds, as JetStream has them. */
export const partyLifeMs = 4_000;

/** A member of a group. */
export interface RosterSeat {
  readonly id: string;
  /** The process that it is in, while that has members. */
  readonly party: string;
  /** Those that it is to have. */
  readonly partitions: readonly number[];
}

/** Who is in a group, and who is to have which partitions: one message of JetStream, replaced only by who knows the one before. */
export class StreamRoster {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #subjectOf: (...parts: string[]) => string;
  readonly #listen: (onChange: () => void) => () => void;
  readonly #partitions: number;

  constructor(connection: Connection, names: Names, { group, partitions }: { group: string; partitions: number }) {
    const token = encodedToken(group);
    this.#jetStream = new JetStream(connection);
    this.#stream = names.stream(groupsPart);
    this.#subjectOf = (...parts) => names.subject(groupsPart, token, ...parts);
    this.#listen = (onChange) => connection.listen(names.bell(groupsPart, token, "roster"), onChange);
    this.#partitions = partitions;
  }

  /** Calls `onChange` when somebody has changed the roster, until the returned function is called. */
  onChange(onChange: () => void): () => void {
    return this.#listen(onChange);
  }

  /** Says that a party is there, for `partyLifeMs` from now on. */
  async beat(party: string): Promise<void> {
    const sent = headers();
    sent.set("Nats-TTL", `${partyLifeMs / 1_000}s`);
    await this.#jetStream.publish(this.#subjectOf("party", party), "", sent);
  }

  /** Makes these the members of a party, leaves out those of parties that are gone, and shares the partitions anew if anything has changed. */
  async settle(party: string, ids: () => readonly string[]): Promise<readonly RosterSeat[]> {
    for (;;) {
      const found = await this.#jetStream.last(this.#stream, this.#subjectOf("roster"));
      const seats: RosterSeat[] = found === undefined ? [] : JSON.parse(Buffer.from(found.payload).toString());
      const gone = await this.#goneParties(seats, party);
      const own = ids();
      const staying = seats.filter((seat) => (seat.party === party ? own.includes(seat.id) : !gone.has(seat.party)));
      const added = own.filter((id) => !staying.some((seat) => seat.id === id));
      if (staying.length === seats.length && added.length === 0) return seats;
      const all = [...staying, ...added.map((id) => ({ id, party, partitions: [] }))];
      const settled = shared(all, this.#partitions);
      if (await this.#write(settled, found?.sequence ?? 0)) return settled;
    }
  }

  async #goneParties(seats: readonly RosterSeat[], own: string): Promise<ReadonlySet<string>> {
    const others = [...new Set(seats.map(({ party }) => party))].filter((party) => party !== own);
    const found = await Promise.all(
      others.map((party) => this.#jetStream.last(this.#stream, this.#subjectOf("party", party))),
    );
    return new Set(others.filter((_, index) => found[index] === undefined));
  }

  async #write(seats: readonly RosterSeat[], lastOfSubject: number): Promise<boolean> {
    const written = await this.#jetStream.replace(this.#subjectOf("roster"), JSON.stringify(seats), { lastOfSubject });
    return written !== undefined;
  }
}

function shared(seats: readonly RosterSeat[], partitions: number): readonly RosterSeat[] {
  if (seats.length === 0) return [];
  const shares = balancedShares(
    seats.map((seat) => new Set(seat.partitions)),
    partitions,
  );
  return seats.map((seat, index) => ({ ...seat, partitions: [...shares[index]!].sort((a, b) => a - b) }));
}
