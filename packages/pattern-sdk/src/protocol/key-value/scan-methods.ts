import { CountRequest, CountResponse, ScanRequest, ScanResponse } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { sealPageToken } from "../pattern/page-token.js";
import { andThen } from "../pattern/pattern-method.js";
import { checkPrefix } from "./checked-fields.js";
import { checkedScan } from "./checked-requests.js";
import { capabilityMethod } from "./key-value-method.js";
import { wireScanEntry } from "./wire-answers.js";

/** The methods that look at many keys: capabilities `scan` and `count`. */
export const scanMethods = {
  Scan: capabilityMethod("Scan", "scan", ScanRequest, (bound, scan, context, { plugin }) => {
    const { request, scope } = checkedScan(bound, scan, plugin);
    return andThen(bound.pattern.scan!(request, context), ({ entries, cursor }) =>
      encodeMessage(ScanResponse, {
        entries: entries.map((entry) => wireScanEntry(entry, request.keysOnly)),
        nextPageToken: cursor === undefined ? "" : sealPageToken(cursor, scope),
      }),
    );
  }),

  Count: capabilityMethod("Count", "count", CountRequest, ({ pattern }, { prefix }, context) => {
    checkPrefix(prefix, "prefix");
    return andThen(pattern.count!(prefix, context), (count) => encodeMessage(CountResponse, { count: BigInt(count) }));
  }),
};
