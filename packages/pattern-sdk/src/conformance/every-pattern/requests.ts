import assert from "node:assert/strict";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { assertNamesField, expectFailure, failureOf } from "../expect-failure.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

/** A field of number 2047 with three bytes. */
const unknownField = Buffer.of(0xfa, 0x7f, 0x03, 0x61, 0x62, 0x63);

/** Field 1 again, with bytes that are not UTF-8. */
const notUtf8 = Buffer.of(0x0a, 0x02, 0xc3, 0x28);

/** What holds of requests as such, whatever they ask. */
export function requestCases<S extends Subject>(suite: PatternSuite<S>): ConformanceCase<S>[] {
  return [...invalidRequestCases(suite), ...messageCases(suite)];
}

function invalidRequestCases<S extends Subject>({ invalidRequests, witness }: PatternSuite<S>): ConformanceCase<S>[] {
  return invalidRequests.flatMap(({ what, needs, requests }) =>
    conformanceCases<S>("requests", needs, {
      [`invalid ${what} are refused by the name of the field, and change nothing`]: async (client) => {
        const assertUnchanged = await witness(client);
        for (const [position, { field, send }] of requests.entries()) {
          assertNamesField(await expectFailure(send(client), "INVALID_FIELD"), field, `request ${position}`);
        }
        await assertUnchanged();
      },
    }),
  );
}

function messageCases<S extends Subject>({ probe }: PatternSuite<S>): ConformanceCase<S>[] {
  return conformanceCases<S>("requests", [], {
    "bytes that are not the message are refused": async (client) => {
      const request = probe.request(client.namespace);
      const cutShort = request.subarray(0, -1);
      const noTag = Buffer.concat([request, Buffer.of(0xff, 0xff, 0xff)]);
      for (const bytes of [cutShort, Buffer.concat([request, notUtf8]), noTag]) {
        await expectFailure(client.callBytes(probe.method, bytes), "MALFORMED_MESSAGE");
      }
    },

    "fields that are not known are ignored": async (client) => {
      const request = probe.request(client.namespace);
      const answer = await client.callBytes(probe.method, request);
      const again = await client.callBytes(probe.method, Buffer.concat([request, unknownField]));
      assert.deepEqual(Buffer.from(again), Buffer.from(answer));
    },

    "a namespace that is not bound, and a missing one, are refused": async (_, subject) => {
      const name = subject.freshName();
      const call = (namespace: string) => subject.clientOf(namespace).callBytes(probe.method, probe.request(namespace));
      await expectFailure(call(name), "NAMESPACE_NOT_FOUND");
      const refused = await failureOf(call(""));
      assert.ok(["NAMESPACE_NOT_FOUND", "INVALID_FIELD"].includes(refused.reason), refused.reason);
    },

    "a method that does not exist is refused": async (client) => {
      await expectFailure(client.callBytes("Fetch", probe.request(client.namespace)), "METHOD_NOT_FOUND");
    },
  });
}
