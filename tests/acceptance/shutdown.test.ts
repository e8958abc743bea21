import { expect, test } from "vitest";
import { configOf, durableBackends, namespaceOn } from "./backends.ts";
import { failureFrom, failureOf } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const graceMs = 5_000;
const writers = 16;

test.each(durableBackends)("SIGTERM under load loses nothing that $name acknowledged", async (backend) => {
  await using folder = await createTemporaryFolder();
  const config = configOf([backend], { shutdown_grace: `${graceMs}ms` });
  const acknowledged: string[] = [];
  {
    await using prism = await PrismProcess.start({ config, folder: folder.path });
    using client = new KeyValueClient(prism.listen, namespaceOn(backend));
    const refusals = Array.from({ length: writers }, (_, writer) => writeUntilRefused(client, writer, acknowledged));
    await eventually("a load", 10_000, () => acknowledged.length > 200);

    const startMs = performance.now();
    expect(await prism.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(graceMs);
    for (const code of await Promise.all(refusals)) expect(code).toBe("UNAVAILABLE");
  }
  await using prism = await PrismProcess.start({ config, folder: folder.path });
  using client = new KeyValueClient(prism.listen, namespaceOn(backend));
  const kept = await Promise.all(acknowledged.map((key) => client.exists(key)));
  expect(acknowledged.filter((_, index) => !kept[index]?.exists)).toEqual([]);
});

/** Returns the code of the first call that is not answered. */
async function writeUntilRefused(client: KeyValueClient, writer: number, acknowledged: string[]): Promise<string> {
  for (let count = 0; ; count += 1) {
    const key = `${writer}/${count}`;
    try {
      await client.set(key, "v");
    } catch (error) {
      return failureOf(error).code;
    }
    acknowledged.push(key);
  }
}

test("a call that outlasts the grace is ended, and the proxy still exits 0", async () => {
  const [backend] = durableBackends;
  if (backend === undefined) throw new Error("no durable backend");
  await using prism = await PrismProcess.start({ config: configOf([backend], { shutdown_grace: "500ms" }) });
  using client = new KeyValueClient(prism.listen, namespaceOn(backend));
  const events = client.watch("", 60_000);
  const started = new Promise((resolve) => events.once("data", resolve));
  const ended = new Promise((_, reject) => events.once("error", reject));
  await started;
  const [failure, end] = await Promise.all([failureFrom(ended), prism.stop("SIGTERM")]);
  expect(end).toEqual({ code: 0, signal: null });
  expect(failure.code).toBe("UNAVAILABLE");
});
