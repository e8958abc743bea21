// What a message costs to read and to write, in ns: our codec for the hot messages, the code that ts-proto generates, and
// protobufjs. A process of its own, because what one function has seen changes how the next one is compiled. Prints JSON.
import { deepStrictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { measure } from "mitata";
import protobuf from "protobufjs";
import * as hot from "../packages/pattern-sdk/dist/protocol/key-value/hot-codec.js";
import { benchFile } from "./programs.mjs";
import { namespace, valueOfSize } from "./requests.mjs";
import { median } from "./statistics.mjs";

const rounds = 5;

/** A turn is short, so that the three ways meet the same weather; a batch is long enough for the clock. */
const turn = { min_cpu_time: 10e6, min_samples: 4, batch_samples: 256 };

const sizes = { "100 B": 100, "1 KiB": 1024, "64 KiB": 65_536 };

const protoFolder = benchFile("../proto");
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (existsSync(join(protoFolder, target)) ? join(protoFolder, target) : target);
await root.load("prism/keyvalue/v1/keyvalue.proto");
const pbjs = (name) => root.lookupType(`prism.keyvalue.v1.${name}`);

const key = "user:1234567890";
const etag = "1764003600000-42";
const unset = { ttl: undefined, condition: undefined, idempotencyToken: undefined };

/** Reading: three ways to make a message of the same bytes. */
function reading(name, bytes, ours) {
  const type = pbjs(name);
  return [() => ours(bytes), () => keyvalue[name].decode(bytes), () => type.decode(bytes)];
}

/** Writing: three ways to make the same bytes. */
function writing(name, message, ours) {
  const type = pbjs(name);
  return [() => ours(message), () => keyvalue[name].encode(message).finish(), () => type.encode(message).finish()];
}

function work() {
  const get = keyvalue.GetRequest.encode({ namespace, key }).finish();
  return [
    ["read a Get request", reading("GetRequest", get, hot.decodeGetRequest)],
    ["write a Set answer", writing("SetResponse", { etag }, hot.encodeSetResponse)],
    ...Object.entries(sizes).flatMap(([size, valueBytes]) => {
      const value = valueOfSize(valueBytes);
      const set = keyvalue.SetRequest.encode({ namespace, key, value, ...unset }).finish();
      const answer = { found: true, value, etag, expireTime: undefined };
      return [
        [`read a Set request of ${size}`, reading("SetRequest", set, hot.decodeSetRequest)],
        [`write a Get answer of ${size}`, writing("GetResponse", answer, hot.encodeGetResponse)],
      ];
    }),
  ];
}

/** All three must say the same, or the comparison says nothing. */
function checkSame(ways) {
  const [ours, generated, other] = ways.map((way) => way());
  if (generated instanceof Uint8Array) {
    // A large value is a piece of its own.
    const written = Buffer.concat(Array.isArray(ours) ? ours : [ours]);
    deepStrictEqual(Buffer.from(generated), written);
    deepStrictEqual(Buffer.from(other), written);
  } else {
    deepStrictEqual([other.key, Buffer.from(other.value ?? [])], [ours.key, Buffer.from(ours.value ?? [])]);
    deepStrictEqual({ ...generated, value: 0 }, { ...ours, value: 0 });
  }
}

/** Median ns per message of each way, measured in turns. */
async function alternating(ways) {
  const seen = ways.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, way] of ways.entries()) seen[index].push((await measure(way, { ...turn })).p50);
  }
  return seen.map(median);
}

const rows = [];
for (const [name, ways] of work()) {
  checkSame(ways);
  const [oursNs, tsProtoNs, protobufjsNs] = await alternating(ways);
  rows.push({ name, oursNs, tsProtoNs, protobufjsNs });
}
process.stdout.write(`${JSON.stringify(rows)}\n`);
