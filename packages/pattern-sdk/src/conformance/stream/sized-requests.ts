import { numbered } from "../messaging/messages.js";
import type { SizedRequests } from "../pattern-suite.js";
import type { StreamClient } from "./stream-client.js";

/** Requests whose sizes an operator may limit. */
export const sizedRequests: readonly SizedRequests<StreamClient>[] = [
  {
    needs: [],
    values: { Append: (stream, sizeBytes) => stream.appendAll("p".repeat(sizeBytes)) },
    batches: { Append: (stream, records) => stream.appendAll(...numbered(records)) },
  },
];
