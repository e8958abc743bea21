import assert from "node:assert/strict";
import { assertNamesField, expectFailure } from "../expect-failure.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";

export const requestCases = casesOf("requests", [], {
  "a payload of the largest size is appended, and one byte more is refused": async (stream, { payloadBytesMax }) => {
    const largest = Buffer.alloc(payloadBytesMax, "v");
    await stream.appendAll(messageOf({ payload: largest }));
    const tooLarge = stream.append("small", messageOf({ payload: Buffer.alloc(payloadBytesMax + 1) }));
    const refused = await expectFailure(tooLarge, "VALUE_TOO_LARGE");
    assertNamesField(refused, "records[1].payload", "a payload over the limit");
    const records = await stream.readAll();
    assert.deepEqual(
      records.map(({ message }) => largest.equals(message!.payload)),
      [true],
    );
  },

  "a message that is far too large is refused, and the connection goes on": async (stream) => {
    await stream.appendAll("before");
    await expectFailure(stream.append(messageOf({ payload: Buffer.alloc(8 * 2 ** 20) })), "MESSAGE_TOO_LARGE");
    assert.deepEqual(await stream.texts(), ["before"]);
  },
});
