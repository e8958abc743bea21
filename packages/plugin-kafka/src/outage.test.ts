import { kafka, LocalServer } from "@prism-data/local-servers";
import { GatewayError } from "@prism-data/pattern-sdk";
import { expect, test, vi } from "vitest";
import type { KafkaStream } from "./stream.js";
import { Following } from "./testing/following.js";
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
  const all = { ids: ["before", "after"], ended: undefined };
  await vi.waitFor(() => expect(following).toMatchObject(all), { timeout: 20_000 });
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
