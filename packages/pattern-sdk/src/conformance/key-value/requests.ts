import assert from "node:assert/strict";
import { assertNamesField, expectFailure } from "../expect-failure.js";
import { casesOf } from "./key-value-case.js";

export const requestCases = casesOf("requests", [], {
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
});
