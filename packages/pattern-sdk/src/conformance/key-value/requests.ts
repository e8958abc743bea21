import assert from "node:assert/strict";
import type { GatewayError } from "../../errors.js";
import * as wire from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage, type MessageType } from "../../protocol/message.js";
import { expectFailure, failureOf } from "../expect-failure.js";
import { casesOf } from "../key-value-case.js";
import type { KeyValueClient } from "../key-value-client.js";
import { invalidRequests } from "./invalid-requests.js";

export const requestCases = [
  ...invalidRequests.flatMap(({ what, needs, requests }) =>
    casesOf("requests", needs, {
      [`invalid ${what} are refused by the name of the field, and change nothing`]: async (kv) => {
        await kv.set("k", "before");
        for (const [position, { field, send }] of requests.entries()) {
          assertNamesField(await expectFailure(send(kv), "INVALID_FIELD"), field, `request ${position}`);
        }
        assert.equal(await kv.text("k"), "before");
      },
    }),
  ),

  ...casesOf("requests", [], {
    "a value of the largest size is stored, and one byte more is refused": async (kv, { valueBytesMax }) => {
      await kv.set("k", Buffer.alloc(valueBytesMax, "v"));
      const refused = await expectFailure(kv.set("k", Buffer.alloc(valueBytesMax + 1)), "VALUE_TOO_LARGE");
      assertNamesField(refused, "value", "a value over the limit");
      assert.ok((await kv.get("k"))?.value.equals(Buffer.alloc(valueBytesMax, "v")));
    },

    "a message that is far too large is refused, and the connection goes on": async (kv) => {
      await kv.set("k", "before");
      await expectFailure(kv.set("k", Buffer.alloc(8 * 2 ** 20)), "MESSAGE_TOO_LARGE");
      assert.equal(await kv.text("k"), "before");
    },

    "bytes that are not the message are refused": async (kv) => {
      const cutShort = encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "key" }).subarray(0, -1);
      const notUtf8 = Buffer.concat([namespaceField(kv), Buffer.of(0x12, 0x02, 0xc3, 0x28)]);
      for (const bytes of [cutShort, notUtf8, Buffer.concat([namespaceField(kv), Buffer.of(0xff, 0xff, 0xff)])]) {
        await expectFailure(kv.callBytes("Get", bytes), "MALFORMED_MESSAGE");
      }
    },

    "fields that are not known are ignored": async (kv) => {
      await kv.set("k", "v");
      const unknown = Buffer.of(0xfa, 0x7f, 0x03, 0x61, 0x62, 0x63);
      const request = Buffer.concat([encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "k" }), unknown]);
      const { found, value } = wire.GetResponse.decode(await kv.callBytes("Get", request));
      assert.deepEqual([found, Buffer.from(value).toString()], [true, "v"]);
    },

    "a namespace that is not bound, and a missing one, are refused": async (_, subject) => {
      await expectFailure(subject.clientOf(subject.freshName()).get("k"), "NAMESPACE_NOT_FOUND");
      const refused = await failureOf(subject.clientOf("").get("k"));
      assert.ok(["NAMESPACE_NOT_FOUND", "INVALID_FIELD"].includes(refused.reason), refused.reason);
    },

    "a method that does not exist is refused": async (kv) => {
      const request = encodeMessage(wire.GetRequest as MessageType<wire.GetRequest>, {
        namespace: kv.namespace,
        key: "k",
      });
      await expectFailure(kv.callBytes("Fetch", request), "METHOD_NOT_FOUND");
    },
  }),
];

function assertNamesField(refused: GatewayError, field: string, what: string): void {
  const named = refused.fieldViolations.map((violation) => violation.field);
  assert.deepEqual(named, [field], `${what}: the field that is named`);
  assert.notEqual(refused.fieldViolations[0]?.description, "", `${what}: the description`);
}

/** Field 1 of every request, as bytes. */
function namespaceField(kv: KeyValueClient): Buffer {
  return Buffer.from(encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "" }));
}
