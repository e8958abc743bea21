import { isDeepStrictEqual } from "node:util";
import { queueKind } from "../../patterns/queue/queue-kind.js";
import { DescribeRequest } from "../../protocol/gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../../protocol/message.js";
import { eventually } from "../eventually.js";
import type { PatternSuite } from "../pattern-suite.js";
import { consumeCases } from "./consuming.js";
import { deadLetterCases } from "./dead-letters.js";
import { deduplicationCases } from "./deduplication.js";
import { delayCases } from "./delays.js";
import { describeCases } from "./describing.js";
import { durabilityCases } from "./durability.js";
import { flowCases } from "./flow-control.js";
import { invalidRequests } from "./invalid-requests.js";
import { isolationCases } from "./isolation.js";
import { leaseCases } from "./leases.js";
import { messageCases } from "./messages.js";
import { deadLetterOptionCases, optionCases } from "./options.js";
import { QueueSubject } from "./queue-subject.js";
import { queueUses } from "./queue-uses.js";
import { randomCases } from "./random-calls.js";
import { receiveCases } from "./receiving.js";
import { settleCases } from "./settling.js";
import { sizedRequests } from "./sized-requests.js";

/** How the queue pattern is proven. */
export const queueSuite: PatternSuite<QueueSubject> = {
  kind: queueKind,
  start: (options) => QueueSubject.start(options),
  cases: [
    ...messageCases,
    ...receiveCases,
    ...leaseCases,
    ...settleCases,
    ...describeCases,
    ...consumeCases,
    ...flowCases,
    ...delayCases,
    ...deduplicationCases,
    ...deadLetterCases,
    ...optionCases,
    ...deadLetterOptionCases,
    ...isolationCases,
    ...randomCases,
  ],
  restartCases: durabilityCases,
  probe: { method: "Describe", request: (namespace) => encodeMessage(DescribeRequest, { namespace }) },
  uses: queueUses,
  invalidRequests,
  sizedRequests,
  async fill(queue, sizeBytes) {
    await queue.send("p".repeat(sizeBytes));
    return async () => queue.acknowledge([(await queue.receiveOne()).id]);
  },
  async witness(queue) {
    await queue.send("before");
    const unchanged = { ready: 1, leased: 0, delayed: 0, dead: 0 };
    return async () => {
      // What was being leased for a consumer when its call failed is given back behind it.
      await eventually("the message is ready", async () => isDeepStrictEqual(await queue.contents(), unchanged));
    };
  },
};
