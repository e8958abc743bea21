import { randomUUID } from "node:crypto";
import { LocalServer, redis } from "@prism-data/local-servers";
import type { GivenDurability } from "@prism-data/pattern-sdk";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBackend } from "./testing/open-backend.js";

let server: LocalServer;
let operator: Redis;

beforeAll(async () => {
  server = await LocalServer.start(redis, { environment: process.env });
  operator = new Redis(server.url);
});
afterAll(async () => {
  operator.disconnect();
  await server[Symbol.asyncDispose]();
});

/** What a new namespace is told. */
async function givenDurability(settings: object = {}): Promise<GivenDurability | undefined> {
  await using opened = await openBackend({ url: server.url, ...settings });
  const binding = { namespace: randomUUID(), capabilities: new Set<string>(), options: undefined };
  const bound = await opened.backend.keyValue!.bind(binding);
  try {
    return await bound.durability?.();
  } finally {
    await bound.close?.();
  }
}

test("a Redis that syncs every write keeps what it acknowledged through a power cut", async () => {
  expect(await givenDurability()).toEqual({ durability: "disk" });
});

test.each([
  ["appendfsync", "everysec", "always"],
  ["appendonly", "no", "yes"],
  ["no-appendfsync-on-rewrite", "yes", "no"],
])("a Redis with %s %s does not, and what to change is said", async (name, wrong, right) => {
  await operator.config("SET", name, wrong);
  try {
    const advice = `Redis at ${new URL(server.url).host} has ${name} ${wrong}; set ${name} ${right} there, with CONFIG SET or in redis.conf.`;
    expect(await givenDurability()).toEqual({ durability: "backend", advice });
  } finally {
    await operator.config("SET", name, right);
  }
});

test("a Redis that does not tell how it is set promises nothing of its own", async () => {
  await operator.call("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-config");
  expect(await givenDurability({ username: "app", password: "secret" })).toEqual({
    durability: "backend",
    advice: expect.stringContaining("+config|get"),
  });
});

test("a Redis that is away is not taken at its word", async () => {
  await using away = await LocalServer.start(redis, { environment: process.env });
  await using opened = await openBackend({ url: away.url });
  const bound = await opened.backend.keyValue!.bind({ namespace: "n", capabilities: new Set(), options: undefined });
  await away.kill();
  await expect(Promise.resolve().then(() => bound.durability?.())).rejects.toMatchObject({
    reason: "BACKEND_UNAVAILABLE",
  });
  await bound.close?.();
});
