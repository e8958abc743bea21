import { expect, test } from "vitest";
import { postgres as postgresServer, startOwnServer } from "../servers/own-server.ts";
import { eventually } from "./eventually.ts";
import { callJson, reasonOf } from "./json-call.ts";
import { NamespaceApi } from "./namespace-api.ts";
import { PrismProcess } from "./prism-process.ts";

const liveWithinMs = 1_000;
const noticedWithinMs = 5_000;
const backWithinMs = 2_000;

const onMemory = { pattern: "key-value", backend: "memory" };

/** Why a namespace does not serve. `undefined`: it does. */
async function refusal({ listen }: PrismProcess, namespace: string): Promise<string | undefined> {
  const answer = await callJson(listen, "prism.keyvalue.v1.KeyValueService/Get", { namespace, key: "k" });
  return answer.status === 200 ? undefined : (reasonOf(answer) ?? `status ${answer.status}`);
}

async function serves(prism: PrismProcess, namespace: string): Promise<boolean> {
  return (await refusal(prism, namespace)) === undefined;
}

/** The line of the report on readiness about the control state. */
async function controlStateLine({ admin }: PrismProcess): Promise<string> {
  const report = await (await fetch(`http://${admin}/readyz?verbose`)).text();
  return /^.*control state.*$/m.exec(report)?.[0] ?? "";
}

function isReachable(prism: PrismProcess): Promise<boolean> {
  return controlStateLine(prism).then((line) => line.startsWith("[+]"));
}

test("two proxies share a control state in PostgreSQL, and serve on while it is away", async () => {
  await using postgres = await startOwnServer(postgresServer);
  const config = {
    backends: { memory: { plugin: "memstore" } },
    namespaces: { ours: onMemory },
    control_state: { postgres: { url: postgres.url } },
  };
  await using one = await PrismProcess.start({ config });
  await using other = await PrismProcess.start({ config });
  const [apiOfOne, apiOfOther] = [new NamespaceApi(one.admin), new NamespaceApi(other.admin)];
  const live = (prism: PrismProcess, namespace: string) =>
    eventually(`${namespace} is live`, liveWithinMs, () => serves(prism, namespace));

  await apiOfOne.apply({ orders: onMemory });
  expect(await serves(one, "orders")).toBe(true);
  await live(other, "orders");
  await apiOfOther.apply({ carts: onMemory, drafts: onMemory });
  await live(one, "carts");
  await apiOfOther.delete("drafts");
  await eventually(
    "drafts is gone",
    liveWithinMs,
    async () => (await refusal(one, "drafts")) === "NAMESPACE_NOT_FOUND",
  );

  await postgres.kill();
  for (const prism of [one, other]) {
    await eventually("the loss is known", noticedWithinMs, async () => !(await isReachable(prism)));
    expect(await controlStateLine(prism)).toMatch(/schema prism_control cannot be used; what is known serves: /);
    for (const namespace of ["ours", "orders", "carts"]) expect(await serves(prism, namespace), namespace).toBe(true);
    expect((await fetch(`http://${prism.admin}/readyz`)).status).toBe(200);
  }
  await expect(apiOfOne.apply({ late: onMemory })).rejects.toMatchObject({ reason: "CONTROL_STATE_UNAVAILABLE" });
  await using late = await PrismProcess.start({ config });
  expect([await refusal(late, "ours"), await refusal(late, "orders")]).toEqual([undefined, "NAMESPACE_NOT_FOUND"]);

  await postgres.start();
  const back = [one, other, late].map((prism) => eventually("it is back", backWithinMs, () => isReachable(prism)));
  await Promise.all(back);
  await Promise.all(["orders", "carts"].map((namespace) => live(late, namespace)));
  await apiOfOne.apply({ late: onMemory });
  await Promise.all([other, late].map((prism) => live(prism, "late")));
});
