import { access } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { type ApiFailure, NamespaceApi } from "./namespace-api.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const onMemory = { pattern: "key-value", backend: "memory" };
const onFiles = { pattern: "key-value", backend: "files" };
const config: PrismConfig = {
  backends: { memory: { plugin: "memstore" }, files: { plugin: "sqlite", settings: { path: "./data.db" } } },
  namespaces: { ours: onMemory },
};

// What is configured when nothing is: a day.
const restorableForMs = 86_400_000;
// A call on a busy machine.
const answeredWithinMs = 10_000;

// Other proxies look at the state four times a second.
const seenWithinMs = 5_000;

// Twenty starts on a busy machine; a quiet one needs ten seconds.
const killedWithinMs = 240_000;

let prism: PrismProcess;
let api: NamespaceApi;
beforeAll(async () => {
  prism = await PrismProcess.start({ config });
  api = new NamespaceApi(prism.admin);
});
afterAll(() => prism[Symbol.asyncDispose]());

function refusal(call: Promise<unknown>): Promise<ApiFailure> {
  return call.then(
    (answer) => Promise.reject(new Error(`it was answered: ${JSON.stringify(answer)}`)),
    (error: ApiFailure) => error,
  );
}

describe("a namespace that is declared over the API", () => {
  test("is bound when the call answers, and serves at once", async () => {
    const { namespaces, changed } = await api.apply({ fresh: { ...onFiles, timeout: "2s" } });
    expect(namespaces).toMatchObject([
      { name: "fresh", pattern: "key-value", backend: "files", state: "bound", source: "NAMESPACE_SOURCE_API" },
    ]);
    expect(changed).toEqual(["fresh"]);
    using client = new KeyValueClient(prism.listen, "fresh");
    await client.set("k", "v");
    expect(await client.text("k")).toBe("v");
  });

  test("changes nothing when it is declared again", async () => {
    const { etag } = await api.get("fresh");
    const again = await api.apply({ fresh: { ...onFiles, timeout: "2s" } });
    expect(again.changed ?? []).toEqual([]);
    expect(await api.get("fresh")).toMatchObject({ etag });
  });

  test("stands in the list beside the file's, page by page, each marked with its source", async () => {
    await api.apply({ "a-first": onMemory, "z-last": onMemory });
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await api.call<{ namespaces: { name: string }[]; nextPageToken?: string }>("ListNamespaces", {
        pageSize: 2,
        pageToken,
      });
      expect(page.namespaces.length).toBeLessThanOrEqual(2);
      names.push(...page.namespaces.map(({ name }) => name));
      pageToken = page.nextPageToken ?? "";
    } while (pageToken !== "");
    expect(names).toEqual(["a-first", "fresh", "ours", "z-last"]);
    expect(await api.get("ours")).toMatchObject({ source: "NAMESPACE_SOURCE_FILE", declaration: onMemory });
  });

  test("is there after the proxy was killed", async () => {
    await using folder = await createTemporaryFolder();
    const first = await PrismProcess.start({ config, folder: folder.path });
    await new NamespaceApi(first.admin).apply({ kept: onFiles });
    {
      using client = new KeyValueClient(first.listen, "kept");
      await client.set("k", "v");
    }
    await first.stop("SIGKILL");
    await using second = await PrismProcess.start({ config, folder: folder.path });
    using client = new KeyValueClient(second.listen, "kept");
    expect(await client.text("k")).toBe("v");
  });

  test("changes in the parts that the mask names", async () => {
    await api.apply({ parts: { ...onMemory, timeout: "1s", limits: { calls_per_second: 5, burst: 7 } } });
    const changed = await api.update(
      { name: "parts", declaration: { limits: { burst: 9 } } },
      { updateMask: "declaration.limits.burst,declaration.timeout" },
    );
    expect(changed.declaration).toEqual({ ...onMemory, limits: { calls_per_second: 5, burst: 9 } });
  });

  test("that cannot be bound says why, and the others are bound", async () => {
    const { namespaces } = await api.apply({
      fine: onMemory,
      durable: { pattern: "queue", backend: "files", options: { max_deliveries: 3 } },
    });
    expect(namespaces.map(({ state }) => state)).toEqual(["bound", "bound"]);
  });
});

describe("what is wrong with a declaration", () => {
  test("is told all at once, each with its path, and nothing is declared", async () => {
    const failure = await refusal(
      api.apply({
        right: onMemory,
        wrong: { pattern: "key-value", backend: "memroy", timeout: "5", colour: "red" },
        secret: { ...onMemory, options: { a: "$" + "{env:HOME}" } },
      }),
    );
    expect(failure).toMatchObject({ code: "invalid_argument", reason: "INVALID_FIELD" });
    expect(failure.fields).toEqual(
      expect.arrayContaining([
        "namespaces[1].declaration.backend",
        "namespaces[1].declaration.timeout",
        "namespaces[1].declaration.colour",
        "namespaces[2].declaration.options.a",
      ]),
    );
    expect(failure.message).toContain('did you mean "memory"');
    expect(await refusal(api.get("right"))).toMatchObject({ reason: "NAMESPACE_NOT_FOUND" });
  });

  test("is told without a change by validate_only, as is what would be right", async () => {
    const { namespaces, changed } = await api.apply({ planned: onMemory }, { validateOnly: true });
    expect(namespaces).toMatchObject([{ name: "planned", declaration: onMemory }]);
    expect(changed).toEqual(["planned"]);
    expect(await refusal(api.get("planned"))).toMatchObject({ reason: "NAMESPACE_NOT_FOUND" });
  });

  test("the file's own are changed in the file: the refusal names the line", async () => {
    const failures = await Promise.all([
      refusal(api.apply({ ours: onFiles })),
      refusal(api.update({ name: "ours", declaration: { timeout: "9s" } })),
      refusal(api.delete("ours")),
    ]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: "failed_precondition", reason: "NAMESPACE_IN_FILE" });
      expect(failure.message).toMatch(/prism\.yaml line \d+: change it there/);
    }
  });

  test("another backend is refused unless the data may stay behind", async () => {
    await api.apply({ settled: onMemory });
    const failure = await refusal(api.apply({ settled: onFiles }));
    expect(failure).toMatchObject({ code: "failed_precondition", reason: "DATA_LOSS_NOT_ALLOWED" });
    const { namespaces } = await api.apply({ settled: onFiles }, { allowDataLoss: true });
    expect(namespaces).toMatchObject([{ backend: "files", state: "bound" }]);
  });
});

describe("an etag", () => {
  test("of before somebody's change does nothing", async () => {
    await api.apply({ shared: onMemory });
    const { etag } = await api.get("shared");
    await api.update({ name: "shared", etag, declaration: { timeout: "9s" } });
    for (const call of [
      api.update({ name: "shared", etag, declaration: { timeout: "8s" } }),
      api.delete("shared", { etag }),
      api.call("ApplyNamespaces", { namespaces: [{ name: "shared", etag, declaration: onMemory }] }),
    ]) {
      expect(await refusal(call)).toMatchObject({ code: "aborted", reason: "ETAG_MISMATCH" });
    }
    expect(await api.get("shared")).toMatchObject({ declaration: { timeout: "9s" } });
  });

  test("is asked for by an exact change of what exists: it was planned for something else", async () => {
    await api.apply({ planned: onMemory });
    const changed = { planned: { ...onMemory, timeout: "9s" } };
    expect(await refusal(api.apply(changed, { exact: true }))).toMatchObject({ reason: "ETAG_MISMATCH" });
    await api.apply({ "not-there": onMemory }, { exact: true });
  });

  test("keeps the changes of twenty writers at once from getting lost", async () => {
    await api.apply({ counted: { ...onMemory, limits: { calls_in_flight: 1 } } });
    const increment = async (): Promise<void> => {
      const { etag, declaration } = await api.get("counted");
      const { calls_in_flight: count } = declaration.limits as { calls_in_flight: number };
      const changed = { name: "counted", etag, declaration: { limits: { calls_in_flight: count + 1 } } };
      try {
        await api.update(changed);
      } catch (error) {
        if ((error as ApiFailure).reason !== "ETAG_MISMATCH") throw error;
        await increment();
      }
    };
    await Promise.all(Array.from({ length: 20 }, increment));
    expect((await api.get("counted")).declaration.limits).toEqual({ calls_in_flight: 21 });
  });

  test("is not needed by twenty writers of twenty namespaces", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => api.apply({ [name]: onMemory })));
    const listed = (await api.list()).filter(({ name }) => names.includes(name));
    expect(listed.map(({ state }) => state)).toEqual(names.map(() => "bound"));
  });
});

describe("a deleted namespace", () => {
  test("is refused to apps with until when it can be restored, and comes back with its data", async () => {
    await api.apply({ gone: onFiles });
    using client = new KeyValueClient(prism.listen, "gone");
    await client.set("k", "v");
    const deleted = await api.delete("gone");
    expect(deleted).toMatchObject({ state: "deleted" });
    const restorableMs = Date.parse(deleted.purgeTime ?? "") - Date.parse(deleted.deleteTime ?? "");
    // The proxy says until when, and then the store when it was.
    expect(restorableMs).toBeLessThanOrEqual(restorableForMs);
    expect(restorableMs).toBeGreaterThan(restorableForMs - answeredWithinMs);
    const failure = await failureFrom(client.get("k"));
    expect(failure).toMatchObject({ code: "NOT_FOUND", reason: "NAMESPACE_NOT_FOUND" });
    expect(failure.message).toContain(`can be restored until ${deleted.purgeTime}`);
    expect((await api.list()).some(({ name }) => name === "gone")).toBe(false);
    expect((await api.list({ showDeleted: true })).some(({ name }) => name === "gone")).toBe(true);
    expect(await refusal(api.apply({ gone: onFiles }))).toMatchObject({ reason: "NAMESPACE_DELETED" });

    expect(await api.restore("gone")).toMatchObject({ state: "bound" });
    expect(await client.text("k")).toBe("v");
  });

  test("is purged in time; its data stays for the next of its name without consent", async () => {
    await api.apply({ brief: onFiles });
    using client = new KeyValueClient(prism.listen, "brief");
    await client.set("k", "v");
    await api.delete("brief", { restorableFor: "0.2s" });
    await eventually("the purge", seenWithinMs, async () => {
      return (await api.list({ showDeleted: true })).every(({ name }) => name !== "brief");
    });
    await api.apply({ brief: onFiles });
    expect(await client.text("k")).toBe("v");
  });

  test("takes its data along when whoever deleted it consented", async () => {
    await api.apply({ erased: onFiles });
    using client = new KeyValueClient(prism.listen, "erased");
    await client.set("k", "v");
    await api.delete("erased", { restorableFor: "0s", deleteData: true });
    await eventually("the purge", seenWithinMs, async () => {
      return (await api.list({ showDeleted: true })).every(({ name }) => name !== "erased");
    });
    await api.apply({ erased: onFiles });
    expect(await client.text("k")).toBeUndefined();
  });
});

describe("the file and the API", () => {
  test("may both declare a name: the file's serves, and readiness says so", async () => {
    await using own = await PrismProcess.start({ config });
    const ownApi = new NamespaceApi(own.admin);
    // Whoever declares nothing over the API keeps nothing.
    expect(await ownApi.list()).toHaveLength(1);
    await expect(access(join(own.folder, ".prism/control.db"))).rejects.toThrow("ENOENT");
    await ownApi.apply({ both: onFiles });
    await own.writeConfig({ ...config, namespaces: { ours: onMemory, both: onMemory } });
    await eventually("the file's to serve", seenWithinMs, async () => {
      return (await ownApi.get("both")).source === "NAMESPACE_SOURCE_FILE";
    });
    const text = await (await fetch(`http://${own.admin}/readyz`)).text();
    expect(text).toContain('namespace "both" is declared in the file and over the admin API');
    await own.writeConfig(config);
    await eventually("the API's to serve", seenWithinMs, async () => {
      return (await ownApi.get("both")).source === "NAMESPACE_SOURCE_API";
    });
  });

  test("serve at every proxy that shares the control state", async () => {
    await using other = await PrismProcess.start({
      config: { ...config, data_dir: join(prism.folder, ".prism") },
    });
    await api.apply({ everywhere: onMemory });
    const otherApi = new NamespaceApi(other.admin);
    await eventually("the other proxy to serve it", seenWithinMs, async () => {
      return (await otherApi.get("everywhere").catch(() => undefined))?.state === "bound";
    });
  });
});

test("explain tells where a namespace is declared, and what differs on its backend", async () => {
  const explain = (name: string) => api.call<Record<string, unknown>>("ExplainNamespace", { name });
  await api.apply({ explained: onFiles });
  expect(await explain("explained")).toMatchObject({
    compared: true,
    declaredIn: expect.stringContaining("control.db"),
  });
  expect(await explain("ours")).toMatchObject({ declaredIn: expect.stringMatching(/prism\.yaml line \d+$/) });
});

test(
  "a proxy that is killed twenty times in the middle of a change has made all of it or nothing, and the same again completes it",
  async () => {
    await using folder = await createTemporaryFolder();
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const all = (declaration: object) => Object.fromEntries(names.map((name) => [name, declaration]));
    // Nothing is bound by those that are killed: what they store is what counts.
    const withoutPlugin = { backends: { memory: { command: ["false"] } } };
    let changeMs = 0;
    for (let round = 0; round < 20; round += 1) {
      await using killed = await PrismProcess.start({ config: withoutPlugin, folder: folder.path });
      const killedApi = new NamespaceApi(killed.admin);
      const before = await killedApi.list();
      expect(before).toHaveLength(round === 0 ? 0 : names.length);
      expect(new Set(before.map(({ declaration }) => declaration.timeout)).size).toBeLessThanOrEqual(1);
      const startedMs = performance.now();
      const change = killedApi.apply(all({ ...onMemory, timeout: `${round + 1}s` })).catch(() => undefined);
      // The first one tells how long a change takes.
      if (round > 0) await Promise.race([change, delay((changeMs * round) / 15)]);
      else await change;
      if (round === 0) changeMs = performance.now() - startedMs;
      await killed.stop("SIGKILL");
      await change;
    }
    await using last = await PrismProcess.start({ config: { backends: config.backends }, folder: folder.path });
    const lastApi = new NamespaceApi(last.admin);
    await lastApi.apply(all(onMemory));
    const listed = await lastApi.list();
    expect(listed.map(({ state, declaration }) => ({ state, declaration }))).toEqual(
      names.map(() => ({ state: "bound", declaration: onMemory })),
    );
  },
  killedWithinMs,
);
