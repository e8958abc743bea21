import { type messagev1, pubsub } from "@prism-data/pattern-sdk/protocol";
import type { OpenCall } from "../../open-call.js";
import { methodsOf, type ProxyConnection } from "../../proxy-connection.js";

const method = methodsOf("prism.pubsub.v1.PubSubService");
const publish = method("Publish", pubsub.PublishRequest, pubsub.PublishResponse);
const publishStream = method("PublishStream", pubsub.PublishStreamRequest, pubsub.PublishStreamResponse);
const subscribe = method("Subscribe", pubsub.SubscribeRequest, pubsub.SubscribeResponse);

/** The pub-sub calls on one topic of a namespace, or on a pattern of topics. */
export class PubSubClient {
  readonly #connection: ProxyConnection;
  readonly #namespace: string;
  readonly #topic: string;

  constructor(connection: ProxyConnection, namespace: string, topic: string) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#topic = topic;
  }

  publish(message: messagev1.Message): Promise<pubsub.PublishResponse> {
    const request = { namespace: this.#namespace, topic: this.#topic, messages: [message] };
    return this.#connection.unary(publish, request, this.#tried("publish to"));
  }

  publishStream(): OpenCall<pubsub.PublishStreamRequest, pubsub.PublishStreamResponse> {
    return this.#connection.open(publishStream, this.#tried("publish to"));
  }

  subscribe(): OpenCall<pubsub.SubscribeRequest, pubsub.SubscribeResponse> {
    return this.#connection.open(subscribe, this.#tried("subscribe to"));
  }

  #tried(verb: string): string {
    return `${verb} ${JSON.stringify(this.#topic)} of ${JSON.stringify(this.#namespace)}`;
  }
}
