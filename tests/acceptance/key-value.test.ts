import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { backends, configOf, namespaceOn, nats } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Those that offer key-value, whatever else they promise. */
const tested = [...backends, nats];

describe.each(tested)("key-value on $name", (backend) => {
  let prism: PrismProcess;
  let client: KeyValueClient;

  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOf([backend]) });
    client = new KeyValueClient(prism.listen, namespaceOn(backend));
  });

  afterAll(async () => {
    client[Symbol.dispose]();
    await prism[Symbol.asyncDispose]();
  });

  test.each([
    ["text", Buffer.from("hello")],
    ["every byte", everyByte],
    ["no byte at all", new Uint8Array()],
    ["2 MiB, or as many as there may be", Buffer.alloc(2 * 1024 * 1024, "0123456789abcdef")],
  ])("a value of %s is read as it was set", async (name, whole) => {
    const value = whole.subarray(0, backend.payloadBytesMax);
    const key = `roundtrip/${name}`;
    const { etag } = await client.set(key, value);
    const answer = await client.get(key);
    expect(answer).toMatchObject({ found: true, etag });
    expect(answer.value.equals(value)).toBe(true);
  });

  test("a key is there between its set and its delete", async () => {
    expect(await client.exists("k")).toEqual({ exists: false });
    expect(await client.get("k")).toMatchObject({ found: false });
    await client.set("k", "v");
    expect(await client.exists("k")).toEqual({ exists: true });
    expect(await client.delete("k")).toEqual({ existed: true });
    expect(await client.get("k")).toMatchObject({ found: false });
    expect(await client.delete("k")).toEqual({ existed: false });
  });

  test("a condition that does not hold changes nothing and says why", async () => {
    const { etag } = await client.set("cas", "1");
    await client.set("cas", "2", { ifEtag: etag });
    expect(await failureFrom(client.set("cas", "3", { ifEtag: etag }))).toMatchObject({
      code: "ABORTED",
      reason: "ETAG_MISMATCH",
    });
    expect(await failureFrom(client.set("cas", "3", { ifAbsent: true }))).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "KEY_EXISTS",
    });
    expect(await client.text("cas")).toBe("2");
  });
});

describe.each(tested.filter(({ durable }) => durable))("what $name acknowledged", (backend) => {
  test("outlives kill -9 of the plugin", async () => {
    await using prism = await PrismProcess.start({ config: configOf([backend]) });
    using client = new KeyValueClient(prism.listen, namespaceOn(backend));
    await client.set("survivor", "of the plugin");
    const pid = await pluginPid(prism.admin, backend.name);
    process.kill(pid, "SIGKILL");
    await pluginPid(prism.admin, backend.name, pid);
    expect(await client.text("survivor")).toBe("of the plugin");
  });

  test("outlives kill -9 of the proxy", async () => {
    await using folder = await createTemporaryFolder();
    {
      await using prism = await PrismProcess.start({ config: configOf([backend]), folder: folder.path });
      using client = new KeyValueClient(prism.listen, namespaceOn(backend));
      await client.set("survivor", "of the proxy");
      await prism.stop("SIGKILL");
    }
    await using prism = await PrismProcess.start({ config: configOf([backend]), folder: folder.path });
    using client = new KeyValueClient(prism.listen, namespaceOn(backend));
    expect(await client.text("survivor")).toBe("of the proxy");
  });
});
