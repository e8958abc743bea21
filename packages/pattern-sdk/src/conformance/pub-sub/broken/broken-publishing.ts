import { setTimeout as pause } from "node:timers/promises";
import type { Message } from "../../../patterns/messaging/message.js";
import type { SubscribeRequest } from "../../../patterns/pub-sub/pub-sub.js";
import { type BrokenPubSub, broken } from "./broken-pub-sub.js";
import type { ReferenceEntry } from "./reference-audience.js";
import { ReferencePubSub } from "./reference-pub-sub.js";

/** Plugins that get publishing wrong. */
export const brokenPublishing: readonly BrokenPubSub[] = [
  broken(
    "delivers messages twice",
    "publishing: a subscriber gets what is published after it was told started: each message once, in order",
    class extends ReferencePubSub {
      override accept(topic: string, message: Message): void {
        super.accept(topic, message);
        super.accept(topic, { ...message });
      }
    },
  ),
  broken(
    "says that a subscription is in place before it is",
    "publishing: what is published after started is never missed",
    class extends ReferencePubSub {
      override audienceOf(request: SubscribeRequest) {
        const audience = super.audienceOf(request);
        this.audiences.delete(audience);
        void pause(50).then(() => this.audiences.add(audience));
        return audience;
      }
    },
  ),
  broken(
    "takes topics for the same whatever their case",
    "publishing: a message reaches its own topic only, whatever characters the topic has",
    class extends ReferencePubSub {
      override matches = (pattern: string, topic: string) => super.matches(pattern.toLowerCase(), topic.toLowerCase());
    },
  ),
  broken(
    "normalizes the letters of topics",
    "publishing: a message reaches its own topic only, whatever characters the topic has",
    class extends ReferencePubSub {
      override matches = (pattern: string, topic: string) => super.matches(pattern.normalize(), topic.normalize());
    },
  ),
  broken(
    "takes header values for text",
    "publishing: a message arrives as it was sent, in every field",
    class extends ReferencePubSub {
      override accept(topic: string, message: Message): void {
        const asText = message.headers.map(({ name, value }) => ({
          name,
          value: Buffer.from(String(Buffer.from(value))),
        }));
        super.accept(topic, { ...message, headers: asText });
      }
    },
  ),
  broken(
    "keeps one header of each name",
    "publishing: a message arrives as it was sent, in every field",
    class extends ReferencePubSub {
      override accept(topic: string, message: Message): void {
        const byName = new Map(message.headers.map((header) => [header.name, header]));
        super.accept(topic, { ...message, headers: [...byName.values()] });
      }
    },
  ),
  broken(
    "publishes requests side by side in any order",
    "publish stream: each request is answered, in order, and its messages arrive in order",
    class extends ReferencePubSub {
      #requests = 0;
      override publish(topic: string, messages: readonly Message[]) {
        const waitMs = this.#requests++ % 2 === 0 ? 200 : 0;
        void pause(waitMs).then(() => super.publish(topic, messages));
        return messages.map(({ id }) => ({ ok: true as const, result: id }));
      }
    },
  ),
  broken(
    "keeps an order of its own for each subscriber",
    "ordering: messages of one key of several publishers have one order, which every subscriber sees",
    class extends ReferencePubSub {
      override audienceOf(request: SubscribeRequest) {
        const audience = super.audienceOf(request);
        const waitMs = this.audiences.size % 2 === 0 ? 0 : 10;
        const add = audience.add.bind(audience);
        audience.add = (entry) => void pause(entry.number % 3 === 0 ? waitMs : 0).then(() => add(entry));
        return audience;
      }
    },
  ),
  broken(
    "gives a pattern the topic that it stands for itself",
    "wildcards: a pattern gets the topics that it stands for, and no other",
    class extends ReferencePubSub {
      override matches = (pattern: string, topic: string) =>
        super.matches(pattern, topic) || (pattern.endsWith(".>") && pattern.slice(0, -2) === topic);
    },
  ),
  broken(
    "lets a star stand for any number of tokens",
    "wildcards: a pattern gets the topics that it stands for, and no other",
    class extends ReferencePubSub {
      override matches = (pattern: string, topic: string) =>
        new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".+").replaceAll(">", ".+")}$`).test(topic);
    },
  ),
  broken(
    "says delivery after delivery that it was the first",
    "acknowledgement: what is not acknowledged in time is delivered again, and not before",
    class extends ReferencePubSub {
      override deliveryOf = (entry: ReferenceEntry, deliveryId: string) =>
        super.deliveryOf({ ...entry, deliveryCount: 1 }, deliveryId);
    },
  ),
];
