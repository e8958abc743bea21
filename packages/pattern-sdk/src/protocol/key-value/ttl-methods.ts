import * as wire from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { invalidField } from "../pattern/checked-fields.js";
import { andThen } from "../pattern/pattern-method.js";
import { durationFromMs } from "../wire-time.js";
import { checkKey } from "./checked-fields.js";
import { permittedTtlMs } from "./checked-requests.js";
import { capabilityMethod } from "./key-value-method.js";
import { optionalTime } from "./wire-answers.js";

/** The methods of the capability `ttl`. */
export const ttlMethods = {
  Expire: capabilityMethod("Expire", "ttl", wire.ExpireRequest, (bound, { key, ttl }, context) => {
    checkKey(key, "key");
    if (ttl === undefined) throw invalidField("ttl", "is required; call Persist to take a time to live away");
    return andThen(bound.pattern.expire!(key, permittedTtlMs(bound, ttl, "ttl"), context), (expiresAtMs) =>
      encodeMessage(wire.ExpireResponse, { found: expiresAtMs !== undefined, expireTime: optionalTime(expiresAtMs) }),
    );
  }),

  Persist: capabilityMethod("Persist", "ttl", wire.PersistRequest, ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.persist!(key, context), (found) => encodeMessage(wire.PersistResponse, { found }));
  }),

  GetTtl: capabilityMethod("GetTtl", "ttl", wire.GetTtlRequest, ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.getTtl!(key, context), (life) =>
      encodeMessage(wire.GetTtlResponse, {
        found: life !== undefined,
        ttl: life?.remainingMs === undefined ? undefined : durationFromMs(life.remainingMs),
        expireTime: optionalTime(life?.expiresAtMs),
      }),
    );
  }),
};
