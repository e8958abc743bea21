import assert from "node:assert/strict";
import { streamKind } from "../../patterns/stream/stream-kind.js";
import { DescribeRequest } from "../../protocol/gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../../protocol/message.js";
import type { PatternSuite } from "../pattern-suite.js";
import { appendCases } from "./append.js";
import { compactionCases } from "./compaction.js";
import { durabilityCases } from "./durability.js";
import { flowControlCases, groupCases } from "./groups.js";
import { growthCases } from "./growth.js";
import { invalidRequests } from "./invalid-requests.js";
import { isolationCases } from "./isolation.js";
import { modelCases } from "./model.js";
import { partitionCases } from "./partitions.js";
import { readCases } from "./read.js";
import { replayCases } from "./replay-by-time.js";
import { requestCases } from "./requests.js";
import { retentionCases } from "./retention.js";
import { sharedGroupCases } from "./shared-groups.js";
import { sizedRequests } from "./sized-requests.js";
import { StreamSubject } from "./stream-subject.js";
import { streamOptionUses, streamUses } from "./stream-uses.js";

/** How the stream pattern is proven. */
export const streamSuite: PatternSuite<StreamSubject> = {
  kind: streamKind,
  start: (options) => StreamSubject.start(options),
  cases: [
    ...appendCases,
    ...readCases,
    ...partitionCases,
    ...growthCases,
    ...groupCases,
    ...sharedGroupCases,
    ...flowControlCases,
    ...retentionCases,
    ...replayCases,
    ...compactionCases,
    ...isolationCases,
    ...requestCases,
    ...modelCases,
  ],
  restartCases: durabilityCases,
  probe: { method: "Describe", request: (namespace) => encodeMessage(DescribeRequest, { namespace, group: "" }) },
  uses: streamUses,
  optionUses: streamOptionUses,
  invalidRequests,
  sizedRequests,
  async fill(stream, sizeBytes) {
    await stream.appendAll("p".repeat(sizeBytes));
    return undefined;
  },
  async witness(stream) {
    await stream.appendAll("witness");
    const before = await stream.texts();
    return async () => assert.deepEqual(await stream.texts(), before);
  },
};
