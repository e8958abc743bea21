import { numbered } from "../messaging/messages.js";
import type { SizedRequests } from "../pattern-suite.js";
import type { QueueClient } from "./queue-client.js";

/** Requests whose sizes an operator may limit. */
export const sizedRequests: readonly SizedRequests<QueueClient>[] = [
  {
    needs: [],
    values: { Send: (queue, sizeBytes) => queue.send("p".repeat(sizeBytes)) },
    batches: { Send: (queue, messages) => queue.sendTexts(numbered(messages)) },
  },
];
