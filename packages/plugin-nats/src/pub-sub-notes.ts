import type { JetStream } from "./jet-stream.js";
import type { Names } from "./names.js";

/** The part of a namespace that keeps what the server does not know of a group's messages. */
export const notesPart = "notes";

/** What the server does not know of a message. */
export interface PubSubNote {
  /** How many of its deliveries have never reached a member. */
  readonly unsent: number;
  /** Of its last rejection; `""`: not said. */
  readonly cause: string;
}

const nothing: PubSubNote = { unsent: 0, cause: "" };

/** The notes of one group: the last message of a subject for each message that has one. */
export class PubSubNotes {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #subjectOf: (sequence: number) => string;

  constructor(
    jetStream: JetStream,
    { names, stream, consumer }: { readonly names: Names; readonly stream: string; readonly consumer: string },
  ) {
    this.#jetStream = jetStream;
    this.#stream = stream;
    this.#subjectOf = (sequence) => names.subject(notesPart, consumer, sequence);
  }

  /** A message that is delivered for the first time has none. */
  async find(sequence: number, serverCount: number): Promise<PubSubNote> {
    if (serverCount === 1) return nothing;
    const found = await this.#jetStream.last(this.#stream, this.#subjectOf(sequence));
    return found === undefined ? nothing : JSON.parse(Buffer.from(found.payload).toString());
  }

  async write(sequence: number, note: PubSubNote): Promise<void> {
    await this.#jetStream.publish(this.#subjectOf(sequence), JSON.stringify(note));
  }
}
