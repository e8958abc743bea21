import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalServer, redis } from "@prism-data/local-servers";
import { type Backend, type Binding, type GatewayError, queueOptionsDefault } from "@prism-data/pattern-sdk";
import { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import type { RedisKeyValue } from "./key-value.js";
import { callWith, eventually, failureOf, messageWith, openBackend } from "./testing/open-backend.js";
import { DeliveryTaker, RecordTaker } from "./testing/taker.js";

/** What the issue allows after Redis is back. */
const recoveryMsMax = 2_000;

const startRedis = (given: (folder: string) => readonly string[] = () => []) =>
  LocalServer.start(redis, { environment: process.env, arguments: given });

const value = Buffer.from("v");
const works = (kv: RedisKeyValue) =>
  kv.set({ key: "probe", value }).then(
    () => true,
    () => false,
  );

function sampleOf(backend: Backend, metric: string): number {
  return backend.metrics?.().find(({ name }) => name === metric)?.samples[0]?.value ?? 0;
}

async function msUntil(condition: () => Promise<boolean>): Promise<number> {
  const startedAtMs = performance.now();
  await eventually(condition);
  return performance.now() - startedAtMs;
}

describe("a Redis that goes away", () => {
  test("fails calls at once with BACKEND_UNAVAILABLE and retry advice, and works again within 2 s of its return", async () => {
    await using server = await startRedis();
    await using opened = await openBackend({ url: server.url });
    const kv = await opened.namespace();
    await kv.set({ key: "k", value });
    for (let round = 0; round < 3; round++) {
      await server.kill();
      await eventually(() => opened.health.at(-1)?.reachable === false);
      const sentAtMs = performance.now();
      const failure = await failureOf(kv.get("k"));
      expect([failure.reason, (failure.retryAfterMs ?? 0) > 0, performance.now() - sentAtMs < 100]).toEqual([
        "BACKEND_UNAVAILABLE",
        true,
        true,
      ]);
      await server.start();
      expect(await msUntil(() => works(kv))).toBeLessThan(recoveryMsMax);
      expect((await kv.get("k"))?.value.toString()).toBe("v");
      expect(opened.health.at(-1)).toEqual({ reachable: true });
    }
  });

  test("answers every call in flight, applies none of them twice, and keeps what it acknowledged", async () => {
    await using server = await startRedis();
    await using opened = await openBackend({ url: server.url });
    const kv = await opened.namespace();
    const acknowledged = new Set<string>();
    const sent: string[] = [];
    const load = (async () => {
      while (sent.length < 4_000) {
        const keys = Array.from({ length: 20 }, (_, index) => `key ${sent.length + index}`);
        sent.push(...keys);
        await Promise.all(
          keys.map((key) =>
            kv.increment(key, 1n).then(
              () => acknowledged.add(key),
              () => {},
            ),
          ),
        );
      }
    })();
    await eventually(() => sent.length > 500);
    await server.kill();
    await server.start();
    await load;
    await eventually(() => works(kv));
    for (const key of sent) {
      const counted = (await kv.get(key))?.value.toString() ?? "0";
      expect([key, counted]).toEqual([key, acknowledged.has(key) ? "1" : expect.stringMatching(/^[01]$/)]);
    }
  });

  test("that is not there at the start is no failure: namespaces bind, and work once it comes", async () => {
    await using server = await startRedis();
    await server.kill();
    await using opened = await openBackend({ url: server.url });
    const kv = await opened.namespace();
    expect((await failureOf(kv.set({ key: "k", value }))).reason).toBe("BACKEND_UNAVAILABLE");
    await server.start();
    expect(await msUntil(() => works(kv))).toBeLessThan(recoveryMsMax);
    expect(await kv.count("", callWith())).toBe(1);
  });

  test("ends watches with BACKEND_UNAVAILABLE", async () => {
    await using server = await startRedis();
    await using opened = await openBackend({ url: server.url });
    const kv = await opened.namespace();
    const started = Promise.withResolvers<void>();
    const watch = failureOf(kv.watch("", { started: started.resolve, change() {} }, callWith()));
    await started.promise;
    await server.kill();
    expect((await watch).reason).toBe("BACKEND_UNAVAILABLE");
  });
});

describe("a Redis that stops answering with its connections open", () => {
  test("fails calls after command_timeout, later ones at once, and works again within 2 s", async () => {
    await using server = await startRedis();
    await using opened = await openBackend({ url: server.url, command_timeout: "400ms", connect_timeout: "400ms" });
    const kv = await opened.namespace();
    await kv.set({ key: "k", value });
    await server.pause();
    const sentAtMs = performance.now();
    expect((await failureOf(kv.get("k"))).reason).toBe("BACKEND_UNAVAILABLE");
    expect(performance.now() - sentAtMs).toBeLessThan(2_000);
    await eventually(() => opened.health.at(-1)?.reachable === false);
    const laterAtMs = performance.now();
    await failureOf(kv.get("k"));
    expect(performance.now() - laterAtMs).toBeLessThan(100);
    // Connections to a server that accepts and stays silent must not pass for a recovery.
    const connections = () => sampleOf(opened.backend, "prism_plugin_redis_connections_total");
    const before = connections();
    await eventually(() => connections() >= before + 2);
    expect(opened.health.filter(({ reachable }) => reachable).length).toBe(1);
    server.resume();
    expect(await msUntil(() => works(kv))).toBeLessThan(recoveryMsMax);
  });

  test("is noticed while no call comes, and ends watches", async () => {
    await using server = await startRedis();
    await using opened = await openBackend({ url: server.url, command_timeout: "400ms" });
    const kv = await opened.namespace();
    const started = Promise.withResolvers<void>();
    const watch = failureOf(kv.watch("", { started: started.resolve, change() {} }, callWith()));
    await started.promise;
    await server.pause();
    await eventually(() => opened.health.at(-1)?.reachable === false);
    expect((await watch).reason).toBe("BACKEND_UNAVAILABLE");
    server.resume();
  });
});

describe("a Redis that asks who is there", () => {
  const grants =
    readFileSync(new URL("../README.md", import.meta.url), "utf8").match(/ACL SETUSER prism .*/)?.[0] ?? "";

  test("lets a user in that has exactly the permissions of the README", async () => {
    await using server = await startRedis(() => ["--requirepass", "admin"]);
    const admin = new Redis(server.url, { password: "admin" });
    await admin.call("ACL", grants.replace("PASSWORD", "secret").split(" ").slice(1));
    admin.disconnect();
    await using opened = await openBackend({ url: server.url, username: "prism", password: "secret" });
    const kv = await opened.namespace({ name: "n" });
    await kv.set({ key: "k", value, ttlMs: 60_000, token: { timeMicros: 1n, nonce: value } });
    await kv.batchSet([{ key: "n", value: Buffer.from("1"), condition: { kind: "absent" } }]);
    await kv.increment("n", 1n);
    await kv.expire("k", 1_000);
    await kv.getTtl("k");
    await kv.persist("k");
    await kv.batchGet(["k", "n"]);
    await kv.transact({
      conditions: [{ kind: "exists", key: "k", exists: true }],
      mutations: [{ kind: "delete", key: "k" }],
    });
    const ending = new AbortController();
    const changed = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const watch = kv.watch("", { started: started.resolve, change: () => changed.resolve() }, callWith(ending.signal));
    await started.promise;
    await kv.set({ key: "k", value, ttlMs: 20 });
    await changed.promise;
    ending.abort();
    await watch;
    await eventually(async () => (await kv.count("", callWith())) === 1);
    expect(await opened.backend.keyValue?.deleteData("n")).toHaveLength(1);
    const queue = await opened.queue({ options: { maxDeliveries: 1 } });
    await queue.send([{ message: messageWith(), delayMs: 0, deduplicationId: "d" }]);
    const request = { messagesMax: 1, bytesMax: 1, leaseMs: 1_000, waitMs: 1_000 };
    const settle = async (how: (ids: readonly string[]) => Promise<unknown>) =>
      how((await queue.receive(request, callWith())).map(({ deliveryId }) => deliveryId));
    await settle((ids) => queue.reject(ids, { delayMs: 0, cause: "c" }));
    expect((await queue.listDeadLetters({ limit: 1, bytesMax: 1 })).deadLetters).toHaveLength(1);
    expect(await queue.redrive({ kind: "oldest", limit: 1 })).toBe(1);
    await settle((ids) => queue.acknowledge(ids));
    const stream = await opened.stream({ options: { retentionBytes: 1_024 } });
    const member = new RecordTaker();
    const { leave } = await stream.join({ group: "g", start: { kind: "earliest" } }, member, callWith());
    await stream.append([messageWith(), messageWith({ payload: Buffer.alloc(2_000) })]);
    await eventually(() => member.taken.length > 0);
    await leave();
    const pubSub = await opened.pubSub({ name: "p", options: { maxDeliveries: 1 } });
    const taker = new DeliveryTaker();
    const limits = { outstandingMessagesMax: 1, outstandingBytesMax: 1, acknowledgeTimeoutMs: 1_000 };
    const subscription = await pubSub.subscribe(
      { topic: ">", group: "g", delivery: "at-least-once", ...limits },
      taker,
    );
    await pubSub.publish("t", [messageWith()]);
    await eventually(() => taker.taken.length === 1);
    await subscription.reject?.([taker.taken[0]!.deliveryId], { delayMs: 0, cause: "c" });
    await eventually(() => taker.taken.length === 2);
    await subscription.close();
    for (const binder of [opened.backend.queue, opened.backend.stream, opened.backend.pubSub])
      await binder?.deleteData("p");
    expect(opened.health).toEqual([{ reachable: true }]);
  });

  test.each([
    ["no password", {}, "NOAUTH"],
    ["a wrong password", { password: "wrong" }, "WRONGPASS"],
    ["an unknown user", { username: "nobody", password: "admin" }, "WRONGPASS"],
  ])("refuses %s: BACKEND_DENIED, without the password in any message", async (_, login, code) => {
    await using server = await startRedis(() => ["--requirepass", "admin"]);
    await using opened = await openBackend({ url: server.url, ...login });
    const kv = await opened.namespace({ needs: [] }).catch((error) => error as GatewayError);
    const failure = kv instanceof Error ? kv : await failureOf(kv.get("k"));
    expect([failure.reason, failure.message.includes(code)]).toEqual(["BACKEND_DENIED", true]);
    expect(JSON.stringify([failure, failure.cause, opened.health])).not.toMatch(/wrong|admin/);
  });
});

describe("a Redis behind TLS", () => {
  const openssl = (folder: string, ...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });

  /** A CA, a server certificate for localhost and one for the plugin. */
  function makeCertificates(folder: string): readonly string[] {
    openssl(
      folder,
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=test ca",
    );
    for (const [name, subject] of [
      ["server", "/CN=localhost"],
      ["plugin", "/CN=plugin"],
    ] as const) {
      openssl(
        folder,
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        subject,
        "-addext",
        "subjectAltName=DNS:localhost",
      );
      openssl(
        folder,
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-copy_extensions",
        "copy",
        "-out",
        `${name}.pem`,
        "-days",
        "2",
      );
      chmodSync(join(folder, `${name}.key`), 0o600);
    }
    const file = (name: string) => join(folder, name);
    // The plain port stays for the test's own probe; the TLS port is the next one.
    return [
      "--tls-cert-file",
      file("server.pem"),
      "--tls-key-file",
      file("server.key"),
      "--tls-ca-cert-file",
      file("ca.pem"),
    ];
  }

  test("is trusted by its CA, told the plugin's certificate, and refused by anybody who does not know the CA", async () => {
    await using server = await startRedis(makeCertificates);
    const tlsPort = await enableTls(server);
    const url = `rediss://localhost:${tlsPort}`;
    const files = { ca_file: "ca.pem", cert_file: "plugin.pem", key_file: "plugin.key" };
    const workingDir = server.folder;
    {
      await using opened = await openBackend({ url, tls: files }, { workingDir });
      const kv = await opened.namespace();
      await kv.set({ key: "k", value: Buffer.alloc(2 ** 21, "x") });
      expect((await kv.get("k"))?.value.length).toBe(2 ** 21);
    }
    for (const [tls, settingsUrl, message] of [
      [{ cert_file: "plugin.pem", key_file: "plugin.key" }, url, "certificate"],
      [{ ...files, server_name: "elsewhere" }, url, "elsewhere"],
      [{ ca_file: "ca.pem" }, url, "no connection"],
      [undefined, `redis://localhost:${tlsPort}`, "no connection"],
    ] as const) {
      await using opened = await openBackend(
        { url: settingsUrl, ...(tls === undefined ? {} : { tls }) },
        { workingDir },
      );
      const failure = await failureOf((await opened.namespace()).get("k"));
      expect(failure.reason).toBe("BACKEND_UNAVAILABLE");
      expect(failure.message).toContain(message);
    }
  });

  test("needs files that can be read and used, and says which cannot", async () => {
    await using server = await startRedis(makeCertificates);
    const failure = await failureOf(
      openBackend({ url: "rediss://localhost:1", tls: { ca_file: "missing.pem" } }, { workingDir: server.folder }),
    );
    expect([failure.reason, failure.fieldViolations[0]?.field]).toEqual(["INVALID_SETTINGS", "tls.ca_file"]);
    const swapped = { cert_file: "plugin.pem", key_file: "server.key" };
    const mismatch = await failureOf(
      openBackend({ url: "rediss://localhost:1", tls: swapped }, { workingDir: server.folder }),
    );
    expect(mismatch.reason).toBe("INVALID_SETTINGS");
  });

  async function enableTls(server: LocalServer): Promise<number> {
    const admin = new Redis(server.url);
    const port = server.port === 65_535 ? server.port - 1 : server.port + 1;
    await admin.config("SET", "tls-port", String(port));
    admin.disconnect();
    return port;
  }
});

describe("a Redis without the database that url names", () => {
  test("takes no call: INVALID_SETTINGS, and nothing lands in another database", async () => {
    await using server = await startRedis();
    await using opened = await openBackend({ url: `${server.url}/99` });
    const failure = await failureOf(opened.namespace().then((kv) => kv.set({ key: "k", value })));
    expect([failure.reason, failure.message.includes("out of range")]).toEqual(["INVALID_SETTINGS", true]);
    const admin = new Redis(server.url);
    expect(await admin.dbsize()).toBe(0);
    admin.disconnect();
  });

  test("keeps databases apart, and their watches", async () => {
    await using server = await startRedis();
    await using first = await openBackend({ url: `${server.url}/1` });
    await using second = await openBackend({ url: `${server.url}/2` });
    const [one, other] = [await first.namespace({ name: "n" }), await second.namespace({ name: "n" })];
    const keys: string[] = [];
    const ending = new AbortController();
    const started = Promise.withResolvers<void>();
    const watch = one.watch(
      "",
      { started: started.resolve, change: ({ key }) => keys.push(key) },
      callWith(ending.signal),
    );
    await started.promise;
    await other.set({ key: "other", value });
    await one.set({ key: "one", value });
    await eventually(() => keys.length > 0);
    expect([keys, await one.exists("other")]).toEqual([["one"], false]);
    ending.abort();
    await watch;
  });
});

describe("a Redis that is full or may not be written", () => {
  test("refuses whole writes with CAPACITY_EXHAUSTED, changes nothing, and still removes", async () => {
    await using server = await startRedis();
    const admin = new Redis(server.url);
    await using opened = await openBackend({ url: server.url });
    const kv = await opened.namespace();
    await kv.set({ key: "old", value });
    await admin.config("SET", "maxmemory", "1");
    const transaction = kv.transact({
      conditions: [],
      mutations: [
        { kind: "delete", key: "old" },
        { kind: "set", key: "new", value },
      ],
    });
    expect((await failureOf(transaction)).reason).toBe("CAPACITY_EXHAUSTED");
    expect((await failureOf(kv.set({ key: "new", value }))).reason).toBe("CAPACITY_EXHAUSTED");
    expect([await kv.exists("old"), await kv.exists("new"), await kv.count("", callWith())]).toEqual([true, false, 1]);
    expect(await kv.delete({ key: "old" })).toBe(true);
    await admin.config("SET", "maxmemory", "0");
    await kv.set({ key: "new", value });
    admin.disconnect();
  });

  test.each([
    ["allkeys-lru", "scan", "NAMESPACE_UNAVAILABLE"],
    ["volatile-ttl", "count", "NAMESPACE_UNAVAILABLE"],
    ["allkeys-lru", "counter", "no failure"],
    ["noeviction", "watch", "no failure"],
  ])("with maxmemory and %s, a namespace that needs %s meets %s", async (policy, need, outcome) => {
    await using server = await startRedis(() => ["--maxmemory", "100mb", "--maxmemory-policy", policy]);
    await using opened = await openBackend({ url: server.url });
    const reason = opened.namespace({ needs: [need] }).then(
      () => "no failure",
      (error: GatewayError) => error.reason,
    );
    expect(await reason).toBe(outcome);
  });

  test("and came to drop keys is told by a plan, for those namespaces that it cannot hold any more", async () => {
    await using server = await startRedis(() => ["--maxmemory", "100mb"]);
    const admin = new Redis(server.url);
    await using opened = await openBackend({ url: server.url });
    const { keyValue, queue } = opened.backend;
    const bindingOf = <Options>(options: Options, ...needs: string[]): Binding<Options> => {
      return { namespace: "n", capabilities: new Set(needs), options };
    };
    const plans = () => {
      const scanned = keyValue?.plan?.(bindingOf(undefined, "scan"));
      const queued = queue?.plan?.(bindingOf(queueOptionsDefault));
      return Promise.all([scanned, queued].map((plan) => Promise.resolve(plan).catch(({ message }) => message)));
    };
    await opened.namespace({ name: "n", needs: ["scan"] });
    expect(await plans()).toEqual([[], []]);
    const told = expect.stringMatching(/maxmemory-policy allkeys-lru.*Set maxmemory-policy noeviction/);
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    expect(await plans()).toEqual([told, told]);
    expect(await keyValue?.plan?.(bindingOf(undefined))).toEqual(["would remove the index of the keys"]);
    await admin.config("SET", "maxmemory-policy", "noeviction");
    expect(await plans()).toEqual([[], []]);
    admin.disconnect();
  });

  test("is reported while it is a replica, and writes fail with BACKEND_UNAVAILABLE", async () => {
    await using server = await startRedis();
    const admin = new Redis(server.url);
    await using opened = await openBackend({ url: server.url });
    const kv = await opened.namespace();
    await admin.call("REPLICAOF", "127.0.0.1", "1");
    const failure = await failureOf(kv.set({ key: "k", value }));
    expect([failure.reason, failure.message.includes("READONLY")]).toEqual(["BACKEND_UNAVAILABLE", true]);
    await eventually(() => opened.health.at(-1)?.reachable === false);
    await admin.call("REPLICAOF", "NO", "ONE");
    await kv.set({ key: "k", value });
    await eventually(() => opened.health.at(-1)?.reachable === true);
    admin.disconnect();
  });
});
