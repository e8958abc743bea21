import type { HeaderList, StreamEvents } from "@prism-data/transport";
import type { App, AppStreamHandler } from "../downstream/app-connections.js";
import { AnswerBacklog } from "./answer-backlog.js";
import { BuiltInCall, type BuiltInMethod } from "./built-in-call.js";
import { Call, type Downstream } from "./call.js";
import type { Failure } from "./failure.js";
import type { Forwarding } from "./forwarding.js";
import { Http2Exchange, type HttpServing } from "./http2-exchange.js";
import { type GrpcHead, requestHead } from "./request-head.js";
import type { OpenStream } from "./transcoded-call.js";

const ignoreEvents: StreamEvents = { onHeaders() {}, onData() {}, onTrailers() {}, onWritable() {}, onReset() {} };

/** Where requests arrive: tells by its headers what each one is, and gives it to whoever serves that. */
export class Reception {
  readonly #forwarding: Forwarding;
  readonly #builtIns: ReadonlyMap<string, BuiltInMethod>;
  readonly #builtInCalls = new Set<BuiltInCall>();
  /** Their answers are read as they come. */
  readonly #transcodedBacklog: AnswerBacklog;
  readonly #http: HttpServing;

  constructor(options: {
    forwarding: Forwarding;
    builtIns: ReadonlyMap<string, BuiltInMethod>;
    http: HttpServing;
  }) {
    this.#forwarding = options.forwarding;
    this.#builtIns = options.builtIns;
    this.#http = options.http;
    this.#transcodedBacklog = new AnswerBacklog(options.forwarding.unread, () => 0);
  }

  /** Serves a request of an HTTP/2 connection. */
  readonly onStream: AppStreamHandler = (stream, headers, endStream, app) => {
    const { principal } = app;
    const head = requestHead(headers, principal);
    if (head.kind !== "http") return this.#onGrpc(stream, headers, endStream, app);
    const exchange = new Http2Exchange(stream, { ...head, principal }, this.#http);
    if (endStream) exchange.onData(Buffer.alloc(0), true);
    return exchange;
  };

  /** Serves a gRPC request that was HTTP/JSON. */
  readonly onTranscoded: OpenStream = (downstream, headers, endStream, principal) =>
    this.#onGrpc(downstream, headers, endStream, { principal, backlog: this.#transcodedBacklog });

  /** Ends the calls of the proxy's own services, some of which would go on for ever. */
  abortBuiltIns(failure: Failure): void {
    for (const call of [...this.#builtInCalls]) call.fail(failure);
  }

  #onGrpc(downstream: Downstream, headers: HeaderList, endStream: boolean, app: App): StreamEvents {
    const head = requestHead(headers, app.principal);
    if (head.kind === "http") throw new Error("a request that is not gRPC was given to the gRPC side");
    if (head.kind === "refused") return this.#refuse(downstream, head.failure);
    const builtIn = this.#builtIns.get(head.path);
    if (builtIn !== undefined) return this.#serveBuiltIn(builtIn, downstream, { head, endStream });
    const call = new Call(this.#forwarding, { downstream, backlog: app.backlog }, head);
    call.begin(endStream);
    return call;
  }

  #refuse(downstream: Downstream, failure: Failure): StreamEvents {
    const { unrouted } = this.#forwarding.metrics;
    unrouted.begin();
    downstream.sendHeaders(failure.trailersOnly, true);
    unrouted.end(failure.code, 0);
    return ignoreEvents;
  }

  #serveBuiltIn(
    method: BuiltInMethod,
    downstream: Downstream,
    { head, endStream }: { head: GrpcHead; endStream: boolean },
  ): StreamEvents {
    const { metrics, wheel, now } = this.#forwarding;
    const call = new BuiltInCall(method, downstream, {
      timeoutMs: head.timeoutMs,
      metrics: metrics.call({ namespace: "", pattern: "", method: head.service }),
      wheel,
      now,
      onClosed: () => this.#builtInCalls.delete(call),
    });
    this.#builtInCalls.add(call);
    if (endStream) call.onData(Buffer.alloc(0), true);
    return call;
  }
}
