import { type QueueOptions, queueOptionsDefault } from "../../patterns/queue/index.js";
import type { QueueTypes } from "../../patterns/queue/queue-kind.js";
import type { MessageType } from "../message.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";
import {
  type MethodEnvironment,
  type PatternMethod,
  readerOf,
  type Serve,
  unaryMethod,
} from "../pattern/pattern-method.js";

/** A namespace of the queue pattern. */
export type BoundQueue = BoundNamespace<QueueTypes>;

/** What the methods of queues need of the process that they run in. */
export type QueueEnvironment = MethodEnvironment<QueueTypes>;

/** A unary method. */
export function queueMethod<Request extends { readonly namespace: string }>(
  name: string,
  type: MessageType<Request>,
  serve: Serve<QueueTypes, Request>,
): PatternMethod<QueueTypes> {
  return unaryMethod(readerOf(type, `prism.queue.v1.${name}Request`), serve);
}

/** How long messages are a worker's that does not say: what the operator has set, or the default. */
export function defaultLeaseMs({ options }: BoundQueue): number {
  return ((options as Partial<QueueOptions> | undefined) ?? queueOptionsDefault).leaseMs ?? queueOptionsDefault.leaseMs;
}
