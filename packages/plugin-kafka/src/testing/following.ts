import type { StreamRecord } from "@prism-data/pattern-sdk";
import { expect } from "vitest";
import type { KafkaStream } from "../stream.js";
import { callWith } from "./open-namespace.js";

/** A reader that follows, and keeps what it gets. */
export class Following {
  readonly ids: string[] = [];
  /** Why it has ended, if it has. */
  ended: unknown;
  readonly #ending = new AbortController();
  readonly #reading: Promise<void>;

  constructor(stream: KafkaStream) {
    const { signal } = this.#ending;
    const outlet = {
      room: async () => {
        signal.throwIfAborted();
        return { items: 100, bytes: 2 ** 20 };
      },
      send: (records: readonly StreamRecord[]) => void this.ids.push(...records.map(({ message }) => message.id)),
      caughtUp() {},
    };
    const request = { start: { kind: "earliest" }, follow: true } as const;
    this.#reading = stream.read(request, outlet, callWith(signal)).catch((error: unknown) => {
      this.ended = error;
    });
  }

  /** Ends it; fails if it had ended before. */
  async end(): Promise<void> {
    expect(this.ended, "why the reader has ended").toBeUndefined();
    this.#ending.abort();
    await this.#reading;
    expect(this.ended).toMatchObject({ name: "AbortError" });
  }
}
