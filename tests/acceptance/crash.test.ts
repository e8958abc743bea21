import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { backends, configOf, namespaceOn } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient, newIdempotencyToken } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";

describe.each(backends)("calls that $name holds when its plugin is killed", (backend) => {
  let prism: PrismProcess;
  let client: KeyValueClient;
  let killedPid = 0;

  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOf([backend]) });
    client = new KeyValueClient(prism.listen, namespaceOn(backend));
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await prism[Symbol.asyncDispose]();
  });

  /** The process that serves after the one that the test before has killed. */
  async function nextPluginPid(): Promise<number> {
    killedPid = await pluginPid(prism.admin, backend.name, killedPid);
    return killedPid;
  }

  /** Lets the plugin take calls but answer none, and kills it when the proxy holds them. */
  async function killHolding<T>(makeCalls: () => T, count: number): Promise<T> {
    const pid = await nextPluginPid();
    process.kill(pid, "SIGSTOP");
    const calls = makeCalls();
    await eventually(`${count} calls in flight`, 5_000, async () => (await inFlight(prism, client.namespace)) >= count);
    process.kill(pid, "SIGKILL");
    return calls;
  }

  test("a write without a token fails as PLUGIN_CRASHED, and says when to come back", async () => {
    const failure = await killHolding(() => failureFrom(client.set("in-doubt", "v")), 1);
    expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED", domain: "prism.dev" });
    expect(failure.retryDelayMs).toBeGreaterThan(0);
  });

  test("a read, and a write with a token, are answered by the next process", async () => {
    const token = { idempotencyToken: newIdempotencyToken() };
    const [read, written] = await killHolding(
      () => Promise.all([client.get("never-set"), client.set("with-token", "v", token)]),
      2,
    );
    expect(read).toMatchObject({ found: false });
    expect(written.etag).not.toBe("");
    expect(await client.text("with-token")).toBe("v");
    // The same token again is the same write.
    expect(await client.set("with-token", "v", token)).toEqual(written);
  });

  test("a watch ends as PLUGIN_CRASHED", async () => {
    const pid = await nextPluginPid();
    const events = client.watch("");
    const ended = new Promise((_, reject) => events.once("error", reject));
    await new Promise((resolve) => events.once("data", resolve));
    process.kill(pid, "SIGKILL");
    expect(await failureFrom(ended)).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED" });
  });
});

/** How many calls the proxy holds for a namespace, by its own metric. */
async function inFlight(prism: PrismProcess, namespace: string): Promise<number> {
  const text = await (await fetch(`http://${prism.admin}/metrics`)).text();
  const [, count] = new RegExp(`^prism_inflight_requests\\{namespace="${namespace}"\\} (\\d+)$`, "m").exec(text) ?? [];
  return Number(count ?? 0);
}
