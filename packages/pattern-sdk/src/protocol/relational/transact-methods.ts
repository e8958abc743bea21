import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { RelationalTypes } from "../../patterns/relational/relational-kind.js";
import { TransactRequest } from "../gen/prism/relational/v1/relational.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { firstMessage, streamMethod } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import { AppPace } from "./app-pace.js";
import { checkedBegin } from "./checked-begin.js";
import type { BoundRelational } from "./relational-method.js";
import { TransactSession } from "./transact-session.js";

/** The method that runs statements in a transaction of the app's own. */
export const transactMethods = { Transact: streamMethod(serveTransact) };

/** Invariant: a transaction that was begun is committed, or rolled back before the call is over. */
async function serveTransact(call: StreamingServerCall, environment: MethodEnvironment<RelationalTypes>) {
  const request = await firstMessage(call, TransactRequest, "prism.relational.v1.TransactRequest");
  const bound = environment.resolve(request.namespace, call);
  const begin = checkedBegin(bound, request);

  using removal = new Removal(bound);
  const signal = AbortSignal.any([call.signal, removal.signal]);
  const context = new ServerCallContext(bound.namespace, call, signal);
  const transaction = await bound.pattern.begin(begin, context);
  const pace = new AppPace(begin.idleTimeoutMs, signal);
  const session = new TransactSession({
    ...{ call, bound, transaction, context, pace },
    statusOf: environment.statusOfEntry,
  });
  try {
    await session.run();
  } finally {
    if (!session.isOver) await transaction.rollback();
  }
}

/** Says when the namespace is taken away. A drain does not: it gives a transaction time to come to its end. */
class Removal implements Disposable {
  readonly #closed: AbortSignal;
  readonly #controller = new AbortController();

  constructor({ closed }: BoundRelational) {
    this.#closed = closed;
    closed.addEventListener("abort", this.#onClosed);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#closed.removeEventListener("abort", this.#onClosed);
  }

  readonly #onClosed = () => {
    const { reason } = this.#closed;
    if (reason instanceof GatewayError && reason.reason === "DRAINING") return;
    this.#controller.abort(reason);
  };
}
