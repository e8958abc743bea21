import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import * as wire from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../../protocol/message.js";
import { assertFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./key-value-case.js";

export const callCases = casesOf("calls", [], {
  "calls with hardly any time are answered or end with DEADLINE_EXCEEDED, and leave all of a value or none": async (
    kv,
    subject,
  ) => {
    const sizeBytes = subject.valueSize(500_000);
    await kv.set("k", Buffer.alloc(sizeBytes, "a"));
    const letters = ["b", "c", "d", "e", "f", "g"];
    const calls = letters.map((letter) =>
      kv.callBytes("Set", setBytes(kv.namespace, Buffer.alloc(sizeBytes, letter)), { timeoutMs: 1 }),
    );
    for (const outcome of await Promise.all(calls.map(outcomeOf))) {
      if (outcome instanceof GatewayError) assertFailure(outcome, "DEADLINE_EXCEEDED");
    }
    const read = await kv.get("k");
    assert.equal(read?.value.length, sizeBytes);
    assert.ok(read?.value.equals(Buffer.alloc(sizeBytes, read.value.subarray(0, 1))), "a value of two writers");
  },

  "a call that is cancelled ends at once, and the others go on": async (kv, subject) => {
    const sizeBytes = subject.valueSize(200_000);
    await kv.set("k", "before");
    for (let round = 0; round < 20; round++) {
      const cancelling = new AbortController();
      const large = setBytes(kv.namespace, Buffer.alloc(sizeBytes, "x"));
      const cancelled = Array.from({ length: 10 }, () => kv.callBytes("Set", large, { signal: cancelling.signal }));
      const outcomes = Promise.all(cancelled.map(outcomeOf));
      cancelling.abort();
      const others = Promise.all([kv.set(`other ${round}`, "v"), kv.text(`other ${round - 1}`)]);
      for (const outcome of await outcomes) if (outcome instanceof GatewayError) assertFailure(outcome, "CANCELLED");
      await others;
    }
    const read = await kv.get("k");
    assert.ok([6, sizeBytes].includes(read?.value.length ?? 0), `${read?.value.length} bytes are left`);
  },

  "hundreds of calls at once are all answered": async (kv) => {
    const keys = Array.from({ length: 600 }, (_, index) => `key ${index}`);
    const answers = await Promise.all(
      keys.map(async (key) => {
        const etag = await kv.set(key, key);
        const entry = await kv.get(key);
        return entry?.etag === etag && entry.value.toString() === key;
      }),
    );
    assert.deepEqual(
      keys.filter((_, index) => !answers[index]),
      [],
    );
  },
});

function setBytes(namespace: string, value: Uint8Array): Uint8Array {
  const set = { ...wire.SetRequest.decode(new Uint8Array()), namespace, key: "k", value };
  return encodeMessage(wire.SetRequest, set);
}
