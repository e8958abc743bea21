import type { KeyValueCapability } from "../../patterns/key-value/key-value-capabilities.js";
import type { KeyValueTypes } from "../../patterns/key-value/key-value-kind.js";
import type { MessageType } from "../message.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";
import { type PatternMethod, readerOf, type Serve, unaryMethod, withCapability } from "../pattern/pattern-method.js";

/** A namespace of the key-value pattern. */
export type BoundKeyValue = BoundNamespace<KeyValueTypes>;

type Namespaced = { readonly namespace: string };

/** A method that every namespace has. */
export function keyValueMethod<Request extends Namespaced>(
  read: (message: Uint8Array) => Request,
  serve: Serve<KeyValueTypes, Request>,
): PatternMethod<KeyValueTypes> {
  return unaryMethod(read, serve);
}

/** A method that a namespace has only with a capability. */
export function capabilityMethod<Request extends Namespaced>(
  name: string,
  capability: KeyValueCapability,
  type: MessageType<Request>,
  serve: Serve<KeyValueTypes, Request>,
): PatternMethod<KeyValueTypes> {
  return unaryMethod(keyValueReader(type, name), withCapability(capability, name, serve));
}

/** Reads a method's request with the generated code. */
export function keyValueReader<Request>(type: MessageType<Request>, method: string): (message: Uint8Array) => Request {
  return readerOf(type, `prism.keyvalue.v1.${method}Request`);
}
