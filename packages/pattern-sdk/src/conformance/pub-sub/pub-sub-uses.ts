import type { PubSubCapability } from "../../patterns/pub-sub/pub-sub-capabilities.js";
import type { PubSubClient } from "./pub-sub-client.js";

/** One call per use of a capability; each must be refused where the namespace does not have it. */
export const pubSubUses: Readonly<
  Record<PubSubCapability, Readonly<Record<string, (pubsub: PubSubClient) => Promise<unknown>>>>
> = {
  wildcards: {
    "Subscribe to one token": (pubsub) => pubsub.subscribe("a.*"),
    "Subscribe to the rest": (pubsub) => pubsub.subscribe(">"),
  },
  groups: { "Subscribe with a group": (pubsub) => pubsub.subscribe("t", { group: "g" }) },
  acknowledgement: { "Subscribe at least once": (pubsub) => pubsub.hold("t") },
  // A promise of what subscribers see: no call asks for it.
  ordering: {},
  // Options of the namespace, which the plugin's schema refuses where it cannot keep them.
  dead_letter: {},
  durable: {},
  delay: {
    "Reject with a delay": async (pubsub) => {
      const subscription = await pubsub.hold("t");
      await pubsub.publish("t", "v");
      subscription.reject(await subscription.count(1), { delayMs: 1_000 });
      throw (await subscription.ended) ?? new Error("The subscription ended well.");
    },
  },
};
