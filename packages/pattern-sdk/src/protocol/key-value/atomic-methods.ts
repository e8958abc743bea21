import {
  IncrementRequest,
  IncrementResponse,
  TransactRequest,
  TransactResponse,
} from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { andThen } from "../pattern/pattern-method.js";
import { checkKey } from "./checked-fields.js";
import { checkedTransact } from "./checked-requests.js";
import { capabilityMethod } from "./key-value-method.js";
import { wireMutation } from "./wire-answers.js";

/** The methods that read and write in one step: capabilities `counter` and `transaction`. */
export const atomicMethods = {
  Increment: capabilityMethod("Increment", "counter", IncrementRequest, ({ pattern }, { key, delta }, context) => {
    checkKey(key, "key");
    return andThen(pattern.increment!(key, delta, context), ({ value, etag }) =>
      encodeMessage(IncrementResponse, { value, etag }),
    );
  }),

  Transact: capabilityMethod("Transact", "transaction", TransactRequest, (bound, request, context) =>
    andThen(bound.pattern.transact!(checkedTransact(bound, request), context), (results) =>
      encodeMessage(TransactResponse, { results: results.map(wireMutation) }),
    ),
  ),
};
