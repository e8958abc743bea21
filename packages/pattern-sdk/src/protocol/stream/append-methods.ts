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
import { andThen, readerOf, type Serve, unaryMethod } from "../pattern/pattern-method.js";
import { wireOutcomes } from "./wire-answers.js";

/** The methods that append. A request with a mistake is refused as a whole, before anything is appended. */
export const appendMethods = {
  Append: unaryMethod(readerOf(AppendRequest, "prism.stream.v1.AppendRequest"), appending(AppendResponse)),
  AppendStream: answeredStream(
    AppendStreamRequest,
    "prism.stream.v1.AppendStreamRequest",
    appending(AppendStreamResponse),
  ),
};

function appending(responseType: MessageType<AppendResponse>): Serve<StreamTypes, AppendRequest> {
  return ({ pattern, bounds }, { records }, context, { statusOfEntry }) => {
    const messages = checkedMessages(records, bounds.payloadBytesMax, "records");
    return andThen(pattern.append(messages, context), (results) =>
      encodeMessage(responseType, { outcomes: wireOutcomes(results, messages.length, statusOfEntry) }),
    );
  };
}
