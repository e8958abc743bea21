import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { Http2App } from "./http2-app.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { PrismProcess } from "./prism-process.ts";
import { memoryOf } from "./process-memory.ts";
import { encode } from "./protos.ts";

const mib = 1024 * 1024;
const answerBytes = 3 * mib;
// As many as one connection may have open.
const calls = 1_000;
const get = "/prism.keyvalue.v1.KeyValueService/Get";
const namespace = namespaceOn(memory);
const request = encode("prism.keyvalue.v1.GetRequest", { namespace, key: "large" });

// 3 GB pass two processes and the app on two cores, which may be busy.
const burstDeadlineMs = 150_000;
const begunWithinMs = 20_000;
// What one connection may leave unread, the data and the garbage of two processes that move it. All answers are 3 GB.
const heldBytesMax = 512 * mib;

let prism: PrismProcess;
let others: KeyValueClient;
beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf([memory]) });
  others = new KeyValueClient(prism.listen, namespace);
  await others.set("large", Buffer.alloc(answerBytes));
  await others.set("small", "v");
});
afterAll(async () => {
  others?.[Symbol.dispose]();
  await prism?.[Symbol.asyncDispose]();
});

let app: Http2App;
beforeEach(async () => {
  app = await Http2App.connect(prism.listen);
});
afterEach(() => app[Symbol.dispose]());

const begin = (count: number) => Array.from({ length: count }, () => app.call(get, request, burstDeadlineMs));
const inFlight = () => readMetric(prism.admin, "prism_inflight_requests", `namespace="${namespace}"`);

test("an app that never reads is held back by itself, and the others are served", async () => {
  const pids = [prism.pid, await pluginPid(prism.admin, memory.name)];
  const held = () => pids.reduce((sum, pid) => sum + memoryOf(pid).residentBytes, 0);
  const heldBefore = held();
  const silent = begin(calls);
  await Promise.race(silent.map((call) => call.begun()));
  await eventually("all calls in flight", begunWithinMs, async () => (await inFlight()) === calls);
  for (let round = 0; round < 10; round += 1) {
    expect((await others.get("large")).value).toHaveLength(answerBytes);
    expect(await others.text("small")).toBe("v");
  }
  expect(held() - heldBefore).toBeLessThan(heldBytesMax);
  expect(silent.filter(({ resetWith }) => resetWith !== undefined)).toEqual([]);
  app[Symbol.dispose]();
  await eventually("the end of its calls", begunWithinMs, async () => (await inFlight()) === 0);
});

test("a call that is not read holds up no other call of its connection", async () => {
  const [unread] = begin(1);
  await unread?.begun();
  for (const call of begin(10)) {
    const { grpcStatus, sizeBytes } = await call.readAll();
    expect(grpcStatus).toBe("0");
    expect(sizeBytes).toBeGreaterThan(answerBytes);
  }
  expect(await unread?.readAll()).toMatchObject({ grpcStatus: "0" });
});

test(
  "a burst of 1,000 answers of 3 MiB is served to an app that reads, each in its turn",
  async () => {
    const answers = await Promise.all(begin(calls).map((call) => call.readAll()));
    const served = answers.filter(({ grpcStatus, sizeBytes }) => grpcStatus === "0" && sizeBytes > answerBytes);
    expect(served).toHaveLength(calls);
  },
  burstDeadlineMs,
);
