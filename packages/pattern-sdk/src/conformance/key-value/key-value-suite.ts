import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { keyValueKind } from "../../patterns/key-value/key-value-kind.js";
import { GetRequest } from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../../protocol/message.js";
import type { PatternSuite } from "../pattern-suite.js";
import { basicCases } from "./basic.js";
import { batchCases } from "./batch.js";
import { callCases } from "./calls.js";
import { conditionalCases } from "./conditional.js";
import { countCases } from "./count.js";
import { counterCases } from "./counter.js";
import { durabilityCases } from "./durability.js";
import { idempotencyCases } from "./idempotency.js";
import { invalidRequests } from "./invalid-requests.js";
import { isolationCases } from "./isolation.js";
import { KeyValueSubject } from "./key-value-subject.js";
import { keyValueUses } from "./key-value-uses.js";
import { modelCases } from "./model.js";
import { requestCases } from "./requests.js";
import { orderedScanCases, scanCases } from "./scan.js";
import { sizedRequests } from "./sized-requests.js";
import { transactionCases } from "./transaction.js";
import { ttlCases } from "./ttl.js";
import { watchCases } from "./watch.js";

/** How the key-value pattern is proven. */
export const keyValueSuite: PatternSuite<KeyValueSubject> = {
  kind: keyValueKind,
  start: (options) => KeyValueSubject.start(options),
  cases: [
    ...basicCases,
    ...idempotencyCases,
    ...ttlCases,
    ...conditionalCases,
    ...batchCases,
    ...scanCases,
    ...orderedScanCases,
    ...countCases,
    ...counterCases,
    ...transactionCases,
    ...watchCases,
    ...isolationCases,
    ...modelCases,
    ...requestCases,
    ...callCases,
  ],
  restartCases: durabilityCases,
  probe: { method: "Get", request: (namespace) => encodeMessage(GetRequest, { namespace, key: "k" }) },
  uses: keyValueUses,
  invalidRequests,
  sizedRequests,
  async fill(kv, sizeBytes) {
    const key = randomUUID();
    await kv.set(key, "v".repeat(sizeBytes));
    return () => kv.delete(key);
  },
  async witness(kv) {
    await kv.set("k", "before");
    return async () => assert.equal(await kv.text("k"), "before");
  },
};
