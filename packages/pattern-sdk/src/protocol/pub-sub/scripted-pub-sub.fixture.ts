import * as z from "zod";
import type { CallContext } from "../../call-context.js";
import { PubSubSubject } from "../../conformance/pub-sub/pub-sub-subject.js";
import { definePlugin } from "../../define-plugin.js";
import type { BatchResult } from "../../patterns/batch-result.js";
import type { Message } from "../../patterns/messaging/message.js";
import type { DeliveryOutlet, PubSub, PubSubDelivery, SubscribeRequest } from "../../patterns/pub-sub/pub-sub.js";
import { pubSubCapabilities } from "../../patterns/pub-sub/pub-sub-capabilities.js";

/** Pub-sub that does what a test says, and notes what it was asked. */
export class ScriptedPubSub implements PubSub {
  /** What was asked, in order, such as `acknowledge 1,2`. */
  readonly asked: string[] = [];
  request: SubscribeRequest | undefined;
  outlet: DeliveryOutlet | undefined;
  context: CallContext | undefined;
  /** Awaited before a subscription is in place. */
  subscribing: (outlet: DeliveryOutlet) => Promise<void> = async () => {};
  /** Awaited by each acknowledgement, rejection and extension. */
  settling: () => Promise<void> = async () => {};
  publishing: (messages: readonly Message[]) => Promise<readonly BatchResult<string>[]> = async (messages) =>
    messages.map(({ id }) => ({ ok: true, result: id }));

  publish(topic: string, messages: readonly Message[]): Promise<readonly BatchResult<string>[]> {
    this.#note("publish", [topic, ...messages.map(({ id }) => id)]);
    return this.publishing(messages);
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet, context: CallContext) {
    Object.assign(this, { request, outlet, context });
    this.#note("subscribe", [request.topic]);
    await this.subscribing(outlet);
    const settle = (what: string) => (ids: readonly string[]) => {
      this.#note(what, ids);
      return this.settling();
    };
    return {
      ordering: "none" as const,
      acknowledge: settle("acknowledge"),
      reject: settle("reject"),
      extend: settle("extend"),
      close: () => this.#note("close", []),
    };
  }

  #note(what: string, of: readonly string[]): void {
    this.asked.push([what, ...(of.length > 0 ? [of.join(",")] : [])].join(" "));
  }
}

/** A delivery with this id and a payload of so many bytes. */
export function deliveryOf(deliveryId: string, payloadBytes = 0): PubSubDelivery {
  const message = { id: deliveryId, key: "", headers: [], contentType: "", payload: Buffer.alloc(payloadBytes) };
  return { deliveryId, topic: "t", message, publishedAtMs: 0, deliveryCount: 1 };
}

/** Serves scripted pub-sub as a plugin. Who starts it stops it. */
export function startScripted(pattern: ScriptedPubSub): Promise<PubSubSubject> {
  const plugin = definePlugin({
    name: "scripted",
    version: "0.0.1",
    durability: "ephemeral",
    settings: z.strictObject({}),
    patterns: { "pub-sub": { capabilities: pubSubCapabilities } },
    open: () => ({ pubSub: { bind: () => ({ pattern }), deleteData: () => [] } }),
  });
  return PubSubSubject.start({ plugin, placement: { kind: "in-process" }, settings: {} });
}
