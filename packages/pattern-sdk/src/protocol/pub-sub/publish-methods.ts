import type { PubSubTypes } from "../../patterns/pub-sub/pub-sub-kind.js";
import {
  PublishRequest,
  PublishResponse,
  PublishStreamRequest,
  PublishStreamResponse,
} from "../gen/prism/pubsub/v1/pubsub.js";
import { encodeMessage, type MessageType } from "../message.js";
import { checkedMessages } from "../messaging/checked-message.js";
import { wireOutcomes } from "../messaging/wire-messages.js";
import { answeredStream } from "../pattern/answered-stream.js";
import { andThen, readerOf, type Serve, unaryMethod } from "../pattern/pattern-method.js";
import { checkTopic } from "./checked-topic.js";

/** The methods that publish. A request with a mistake is refused as a whole, before anything is published. */
export const publishMethods = {
  Publish: unaryMethod(readerOf(PublishRequest, "prism.pubsub.v1.PublishRequest"), publishing(PublishResponse)),
  PublishStream: answeredStream(
    PublishStreamRequest,
    "prism.pubsub.v1.PublishStreamRequest",
    publishing(PublishStreamResponse),
  ),
};

function publishing(responseType: MessageType<PublishResponse>): Serve<PubSubTypes, PublishRequest> {
  return ({ pattern, bounds }, { topic, messages }, context, { statusOfEntry }) => {
    checkTopic(topic, "topic");
    const checked = checkedMessages(messages, bounds.payloadBytesMax, "messages");
    return andThen(pattern.publish(topic, checked, context), (results) =>
      encodeMessage(responseType, { outcomes: wireOutcomes(results, checked.length, statusOfEntry) }),
    );
  };
}
