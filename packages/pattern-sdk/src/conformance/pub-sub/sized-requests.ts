import { numbered } from "../messaging/messages.js";
import type { SizedRequests } from "../pattern-suite.js";
import type { PubSubClient } from "./pub-sub-client.js";

/** Requests whose sizes an operator may limit. */
export const sizedRequests: readonly SizedRequests<PubSubClient>[] = [
  {
    needs: [],
    values: { Publish: (pubsub, sizeBytes) => pubsub.publish("sized", "p".repeat(sizeBytes)) },
    batches: { Publish: (pubsub, messages) => pubsub.publish("sized", ...numbered(messages)) },
  },
];
