// The calls of the bench as bytes, and what their answers must be.
import { keyvalue } from "@prism-data/pattern-sdk/protocol";

export const namespace = "bench";

/** A namespace that calls more often than it may. */
export const offender = { namespace: "offender", callsPerSecond: 500 };

const service = "/prism.keyvalue.v1.KeyValueService";
const keyOf = (valueBytes) => `value-of-${valueBytes}-bytes`;

/** A value that no layer can guess or shorten: a different byte at each place of a page. */
export const valueOfSize = (valueBytes) =>
  Buffer.alloc(valueBytes, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

/** Reads the key whose value has this size. */
export function getCall(valueBytes, from = namespace) {
  const message = keyvalue.GetRequest.encode({ namespace: from, key: keyOf(valueBytes) }).finish();
  return { path: `${service}/Get`, message, answerBytesMin: valueBytes };
}

/** Writes the key whose value has this size. */
export function setCall(valueBytes) {
  const message = keyvalue.SetRequest.encode({
    namespace,
    key: keyOf(valueBytes),
    value: valueOfSize(valueBytes),
    ttl: undefined,
    condition: undefined,
    idempotencyToken: undefined,
  }).finish();
  return { path: `${service}/Set`, message, answerBytesMin: 1 };
}

/** The value in the answer to a Get. */
export const valueIn = (answer) => keyvalue.GetResponse.decode(answer).value;
