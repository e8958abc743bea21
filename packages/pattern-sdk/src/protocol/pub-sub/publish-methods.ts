import type { Message } from "../../patterns/messaging/message.js";
import type { PubSubTypes } from "../../patterns/pub-sub/pub-sub-kind.js";
import {
  PublishRequest,
  PublishResponse,
  PublishStreamRequest,
  PublishStreamResponse,
} from "../gen/prism/pubsub/v1/pubsub.js";
import { encodeMessage, type MessageType } from "../message.js";
import { checkedMessages } from "../messaging/checked-message.js";
import { wireOutcome } from "../messaging/wire-messages.js";
import { answeredStream } from "../pattern/answered-stream.js";
import { type BatchMethod, servedBatch } from "../pattern/batch-method.js";
import { readerOf, unaryMethod } from "../pattern/pattern-method.js";
import { checkTopic } from "./checked-topic.js";

/** The methods that publish. A request with a mistake is refused as a whole, before anything of it is published. */
export const publishMethods = {
  Publish: unaryMethod(
    readerOf(PublishRequest, "prism.pubsub.v1.PublishRequest"),
    servedBatch(publishing(PublishResponse)),
  ),
  PublishStream: answeredStream(
    PublishStreamRequest,
    "prism.pubsub.v1.PublishStreamRequest",
    publishing(PublishStreamResponse),
  ),
};

function publishing(
  responseType: MessageType<PublishResponse>,
): BatchMethod<PubSubTypes, PublishRequest, Message, string> {
  return {
    name: "publish",
    read: (bound, { topic, messages }) => {
      checkTopic(topic, "topic");
      return { target: topic, items: checkedMessages(bound, messages, "messages") };
    },
    carryOut: ({ pattern }, { target, items }, context) => pattern.publish(target, items, context),
    encode: (results, { statusOfEntry }) =>
      encodeMessage(responseType, { outcomes: results.map((result) => wireOutcome(result, statusOfEntry)) }),
  };
}
