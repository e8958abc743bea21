import { GatewayError } from "../../errors.js";
import * as wire from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { checkResults } from "../pattern/check-results.js";
import { andThen } from "../pattern/pattern-method.js";
import { checkedDelete, checkedEntries, checkedKeys, checkedSet } from "./checked-requests.js";
import { capabilityMethod } from "./key-value-method.js";
import { wireReads, wireRemoval, wireWrite } from "./wire-answers.js";

const messageFull = new GatewayError(
  "MESSAGE_TOO_LARGE",
  "The answers before this one fill the message. Ask for this key again, with fewer others.",
);

/** The methods of the capability `batch`. A request with a wrong entry is refused as a whole, before anything is done. */
export const batchMethods = {
  BatchGet: capabilityMethod("BatchGet", "batch", wire.BatchGetRequest, (bound, { keys }, context, { statusOfEntry }) =>
    andThen(bound.pattern.batchGet!(checkedKeys(bound, keys), context), (results) => {
      checkResults(results, keys.length, "batchGet");
      return encodeMessage(wire.BatchGetResponse, { results: wireReads(results, statusOfEntry, messageFull) });
    }),
  ),

  BatchSet: capabilityMethod(
    "BatchSet",
    "batch",
    wire.BatchSetRequest,
    (bound, { entries }, context, { statusOfEntry }) => {
      const requests = checkedEntries(bound, entries, (entry, path) => checkedSet(bound, entry, path));
      return andThen(bound.pattern.batchSet!(requests, context), (answers) => {
        checkResults(answers, entries.length, "batchSet");
        const results = answers.map((answer) => wireWrite(answer, statusOfEntry));
        return encodeMessage(wire.BatchSetResponse, { results });
      });
    },
  ),

  BatchDelete: capabilityMethod(
    "BatchDelete",
    "batch",
    wire.BatchDeleteRequest,
    (bound, { entries }, context, { statusOfEntry }) => {
      const requests = checkedEntries(bound, entries, (entry, path) => checkedDelete(bound, entry, path));
      return andThen(bound.pattern.batchDelete!(requests, context), (answers) => {
        checkResults(answers, entries.length, "batchDelete");
        const results = answers.map((answer) => wireRemoval(answer, statusOfEntry));
        return encodeMessage(wire.BatchDeleteResponse, { results });
      });
    },
  ),
};
