import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { Http2App } from "./http2-app.ts";
import { liveHeapBytes, withInspector } from "./live-heap.ts";
import { readMetric } from "./metric.ts";
import { PrismProcess } from "./prism-process.ts";
import { encode } from "./protos.ts";

const connections = 10_000;
const atOnce = 50;
// They make code hot and fill caches; what stays of them is no leak.
const warmUpConnections = 2_000;
// 200 bytes a connection: less than the smallest of the objects that belong to one.
const heapGrowthBytesMax = 2_000_000;
// The kernel and the garbage collector take their time.
const settledWithinMs = 60_000;
const connectedWithinMs = 240_000;
const callTimeoutMs = 20_000;

const get = "/prism.keyvalue.v1.KeyValueService/Get";
const request = encode("prism.keyvalue.v1.GetRequest", { namespace: namespaceOn(memory), key: "k" });

let prism: PrismProcess;
beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf([memory]), environment: withInspector });
});
afterAll(() => prism?.[Symbol.asyncDispose]());

const socketsOpen = () => readdirSync(`/proc/${prism.pid}/fd`).length;
const handlesOpen = async () => (await readMetric(prism.admin, "nodejs_active_handles_total")) ?? Number.NaN;

/** Connects, calls once, and goes without a word. */
async function connectOnce(): Promise<void> {
  using app = await Http2App.connect(prism.listen);
  expect(await app.call(get, request, callTimeoutMs).readAll()).toMatchObject({ grpcStatus: "0" });
}

async function connectMany(count: number): Promise<void> {
  for (let done = 0; done < count; done += atOnce) await Promise.all(Array.from({ length: atOnce }, connectOnce));
}

test(
  `${connections} connections come and go, and nothing of them stays`,
  async () => {
    const socketsBefore = socketsOpen();
    const handlesBefore = await handlesOpen();
    await connectMany(warmUpConnections);
    const heapBefore = await liveHeapBytes(prism.stderr);
    await connectMany(connections);
    await eventually("as few sockets as before", settledWithinMs, () => socketsOpen() <= socketsBefore);
    await eventually("as few handles as before", settledWithinMs, async () => (await handlesOpen()) <= handlesBefore);
    await eventually("as small a heap as before", settledWithinMs, async () => {
      return (await liveHeapBytes(prism.stderr)) < heapBefore + heapGrowthBytesMax;
    });
  },
  connectedWithinMs,
);
