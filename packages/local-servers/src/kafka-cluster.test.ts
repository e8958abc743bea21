import { expect, test } from "vitest";
import { awaitCondition } from "./await-condition.js";
import { KafkaCluster } from "./kafka-cluster.js";
import { brokerIds } from "./kafka-metadata.js";

test("a node of a cluster may be killed, which the others notice, and comes back", { timeout: 180_000 }, async () => {
  await using cluster = await KafkaCluster.start({ environment: process.env });
  const known = async (nodeId: number) => (await brokerIds(cluster.node(nodeId).port))?.sort();
  expect(await Promise.all([1, 2, 3].map(known))).toEqual([
    [1, 2, 3],
    [1, 2, 3],
    [1, 2, 3],
  ]);
  await cluster.node(2).kill();
  const isNoticed = async () => String(await known(1)) === "1,3" && String(await known(3)) === "1,3";
  expect(await awaitCondition(isNoticed, { withinMs: 30_000 })).toBe(true);
  await cluster.node(2).start();
  await cluster.whenComplete();
  expect(await known(2)).toEqual([1, 2, 3]);
  expect(() => cluster.node(4)).toThrow("no node 4");
});
