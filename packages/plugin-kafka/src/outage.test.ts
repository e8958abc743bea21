import { kafka, LocalServer } from "@prism-data/local-servers";
import { GatewayError, type StreamRecord } from "@prism-data/pattern-sdk";
import { expect, test, vi } from "vitest";
import type { KafkaStream } from "./stream.js";
import { callWith, messageOf, openStream } from "./testing/open-namespace.js";

/** How soon after the broker's return the plugin works again, and as much again for a busy machine. */
const recoveryMsMax = 4_000;

test("calls fail fast while no broker answers, and work again soon after it came back; a reader goes on", async () => {
  await using server = await LocalServer.start(kafka, { environment: process.env });
  await using opened = await openStream({ brokers: [server.url] }, 1);
  const { stream } = opened;
  await append(stream, "before");
  const following = new Following(stream);
  await vi.waitFor(() => expect(following.ids).toEqual(["before"]), { timeout: 10_000 });

  await server.kill();
  await vi.waitFor(() => expect(() => stream.append([messageOf("lost")], callWith())).toThrow(/No broker/), {
    timeout: 10_000,
  });
  await expect(stream.describe(undefined)).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });

  await server.start();
  const backAtMs = performance.now();
  await vi.waitFor(() => append(stream, "after"), { timeout: 20_000, interval: 20 });
  expect(performance.now() - backAtMs).toBeLessThan(recoveryMsMax);
  await vi.waitFor(() => expect(following.ids).toEqual(["before", "after"]), { timeout: 20_000 });
  await following.end();
}, 120_000);

test("a backend whose brokers are away opens, and refuses to bind until they are there", async () => {
  const away = openStream({ brokers: ["127.0.0.1:1"] }, 1);
  const refused = await away.catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(GatewayError);
  expect(refused).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
});

async function append(stream: KafkaStream, text: string): Promise<void> {
  const [result] = await stream.append([messageOf(text)], callWith());
  if (!result!.ok) throw result!.error;
}

/** A reader that follows, and keeps what it gets. */
class Following {
  readonly ids: string[] = [];
  readonly #ending = new AbortController();
  readonly #reading: Promise<unknown>;

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
    this.#reading = stream.read(request, outlet, callWith(signal)).catch((error: unknown) => error);
  }

  /** Ends it; fails if it had ended before. */
  async end(): Promise<void> {
    this.#ending.abort();
    expect(await this.#reading).toMatchObject({ name: "AbortError" });
  }
}
