import type { BrokenQueue } from "./broken-queue.js";
import { capabilityQueues } from "./capability-queues.js";
import { leaseQueues } from "./lease-queues.js";
import { messageQueues } from "./message-queues.js";

/** Each does one thing wrong: what the suite must be able to tell from a queue that keeps its promises. */
export const brokenQueues: readonly BrokenQueue[] = [...messageQueues, ...leaseQueues, ...capabilityQueues];
