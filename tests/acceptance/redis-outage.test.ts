import { expect, test } from "vitest";
import { redis as redisServer, startOwnServer } from "../servers/own-server.ts";
import { backendOf, pluginPid } from "./admin-client.ts";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";

const deadlineMs = 2_000;
const backWithinMs = 2_000;

test("while Redis is down calls fail in time and say when to come back; when it is back so are they", async () => {
  await using redis = await startOwnServer(redisServer);
  const config = configOf([memory], {
    backends: { cache: { plugin: "redis", settings: { url: redis.url } } },
    namespaces: { cached: { pattern: "key-value", backend: "cache" } },
  });
  await using prism = await PrismProcess.start({ config });
  using client = new KeyValueClient(prism.listen, "cached");
  await client.set("k", "before");
  const pid = await pluginPid(prism.admin, "cache");

  await redis.kill();
  for (const call of [() => client.get("k", deadlineMs), () => client.set("k", "lost", { timeoutMs: deadlineMs })]) {
    const startMs = performance.now();
    const failure = await failureFrom(call());
    expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "BACKEND_UNAVAILABLE" });
    expect(failure.retryDelayMs).toBeGreaterThan(0);
    expect(performance.now() - startMs).toBeLessThan(deadlineMs);
  }
  await eventually("the admin page to show that Redis is gone", 5_000, async () => {
    const text = await (await fetch(`http://${prism.admin}/readyz?verbose`)).text();
    return /cache.*unreachable/i.test(text);
  });
  using other = new KeyValueClient(prism.listen, namespaceOn(memory));
  await other.set("k", "v", { timeoutMs: 1_000 });

  await redis.start();
  await eventually("an answer", backWithinMs, () =>
    client.text("k", 1_000).then(
      (text) => text === "before",
      () => false,
    ),
  );
  await client.set("k", "after");
  expect(await client.text("k")).toBe("after");
  expect(await backendOf(prism.admin, "cache")).toMatchObject({ pid, restarts: 0 });
});

test("a proxy that starts while Redis is down serves the others, and Redis once it is there", async () => {
  await using redis = await startOwnServer(redisServer);
  await redis.kill();
  const config = configOf([memory], {
    backends: { cache: { plugin: "redis", settings: { url: redis.url } } },
    namespaces: { cached: { pattern: "key-value", backend: "cache" } },
  });
  await using prism = await PrismProcess.start({ config });
  using other = new KeyValueClient(prism.listen, namespaceOn(memory));
  await other.set("k", "v");
  using client = new KeyValueClient(prism.listen, "cached");
  expect(await failureFrom(client.get("k", deadlineMs))).toMatchObject({ code: "UNAVAILABLE" });
  await redis.start();
  await eventually("an answer", 10_000, () =>
    client.exists("k").then(
      () => true,
      () => false,
    ),
  );
});
