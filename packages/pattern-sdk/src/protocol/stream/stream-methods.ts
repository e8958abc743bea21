import { appendMethods } from "./append-methods.js";
import { consumeMethods } from "./consume-methods.js";
import { describeMethods } from "./describe-methods.js";
import { readMethods } from "./read-methods.js";

/** The methods of `prism.stream.v1.StreamService` on top of the namespaces' `Stream`, by name. */
export const streamMethods = { ...appendMethods, ...readMethods, ...consumeMethods, ...describeMethods };
