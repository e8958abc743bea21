import { DeleteRequest, DeleteResponse, ExistsRequest, ExistsResponse } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { andThen } from "../pattern/pattern-method.js";
import { checkKey } from "./checked-fields.js";
import { checkedDelete, checkedSet } from "./checked-requests.js";
import { decodeGetRequest, decodeSetRequest, encodeGetResponse, encodeSetResponse } from "./hot-codec.js";
import { keyValueMethod, keyValueReader } from "./key-value-method.js";

/** The methods that every backend has. */
export const basicMethods = {
  Get: keyValueMethod(decodeGetRequest, ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.get(key, context), encodeGetResponse);
  }),

  Set: keyValueMethod(decodeSetRequest, (bound, request, context) =>
    andThen(bound.pattern.set(checkedSet(bound, request, ""), context), encodeSetResponse),
  ),

  Delete: keyValueMethod(keyValueReader(DeleteRequest, "Delete"), (bound, request, context) =>
    andThen(bound.pattern.delete(checkedDelete(bound, request, ""), context), (existed) =>
      encodeMessage(DeleteResponse, { existed }),
    ),
  ),

  Exists: keyValueMethod(keyValueReader(ExistsRequest, "Exists"), ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.exists(key, context), (exists) => encodeMessage(ExistsResponse, { exists }));
  }),
};
