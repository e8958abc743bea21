import type { OutgoingMessage } from "@prism-data/transport";
import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { BatchResult } from "../../patterns/batch-result.js";
import type { PatternTypes } from "../../patterns/pattern-kind.js";
import type { BoundNamespace } from "./bound-namespace.js";
import { checkResults } from "./check-results.js";
import { andThen, type MethodEnvironment, type Serve } from "./pattern-method.js";

/** What requests ask a store to do in one step. */
export interface Batch<Item> {
  /** What the items are for, such as a topic: requests are carried out together when it is the same. */
  readonly target: string;
  readonly items: readonly Item[];
}

/** A method whose requests hold many items, each with a result of its own. */
export interface BatchMethod<Types extends PatternTypes, Request, Item, Result> {
  /** The method of the store, for messages about its defects. */
  readonly name: string;
  /** Checks a request as a whole. */
  read(bound: BoundNamespace<Types>, request: Request): Batch<Item>;
  carryOut(
    bound: BoundNamespace<Types>,
    batch: Batch<Item>,
    context: CallContext,
  ): Awaitable<readonly BatchResult<Result>[]>;
  /** Says what became of the items of one request. */
  encode(results: readonly BatchResult<Result>[], environment: MethodEnvironment<Types>): OutgoingMessage;
}

/** The method as a unary one. */
export function servedBatch<Types extends PatternTypes, Request, Item, Result>(
  method: BatchMethod<Types, Request, Item, Result>,
): Serve<Types, Request> {
  return (bound, request, context, environment) => {
    const batch = method.read(bound, request);
    return andThen(method.carryOut(bound, batch, context), (results) => {
      checkResults(results, batch.items.length, method.name);
      return method.encode(results, environment);
    });
  };
}
