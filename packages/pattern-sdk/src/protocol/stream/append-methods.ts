import type { Message } from "../../patterns/messaging/message.js";
import type { Position } from "../../patterns/stream/stream.js";
import type { StreamTypes } from "../../patterns/stream/stream-kind.js";
import {
  AppendRequest,
  AppendResponse,
  AppendStreamRequest,
  AppendStreamResponse,
} from "../gen/prism/stream/v1/stream.js";
import { encodeMessage, type MessageType } from "../message.js";
import { checkedMessages } from "../messaging/checked-message.js";
import { answeredStream } from "../pattern/answered-stream.js";
import { type BatchMethod, servedBatch } from "../pattern/batch-method.js";
import { readerOf, unaryMethod } from "../pattern/pattern-method.js";
import { wireOutcome } from "./wire-answers.js";

/** The methods that append. A request with a mistake is refused as a whole, before anything of it is appended. */
export const appendMethods = {
  Append: unaryMethod(readerOf(AppendRequest, "prism.stream.v1.AppendRequest"), servedBatch(appending(AppendResponse))),
  AppendStream: answeredStream(
    AppendStreamRequest,
    "prism.stream.v1.AppendStreamRequest",
    appending(AppendStreamResponse),
  ),
};

function appending(
  responseType: MessageType<AppendResponse>,
): BatchMethod<StreamTypes, AppendRequest, Message, Position> {
  return {
    name: "append",
    read: (bound, { records }) => ({
      target: "",
      items: checkedMessages(bound, records, "records"),
    }),
    carryOut: ({ pattern }, { items }, context) => pattern.append(items, context),
    encode: (results, { statusOfEntry }) =>
      encodeMessage(responseType, { outcomes: results.map((result) => wireOutcome(result, statusOfEntry)) }),
  };
}
