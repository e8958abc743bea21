// One call, from its first byte to its status: one state machine whose two sides share every field. Splitting it would only
// spread the states over files.
import {
  connectionLost,
  type Enrolled,
  type Expiring,
  GrpcCode,
  type HeaderList,
  Http2ErrorCode,
  type Http2Stream,
  type RequestHeaders,
  type StreamEvents,
} from "@prism-data/transport";
import { NamespaceField, type NamespaceReading, namespaceAtStart } from "../routing/namespace-field.js";
import type { NamespaceQuota } from "../routing/namespace-quota.js";
import { fieldHash, namespaceHash } from "../routing/order-hash.js";
import type { Route } from "../routing/route-lookup.js";
import type { AnswerBacklog, HeldBackCall } from "./answer-backlog.js";
import type { WaitingCall } from "./backend.js";
import type { BackendLink } from "./backend-link.js";
import * as failures from "./call-failures.js";
import type { ReplicatedCall } from "./choose-link.js";
import { type Failure, failureOfKept } from "./failure.js";
import type { Forwarding } from "./forwarding.js";
import { HeldRequest } from "./held-request.js";
import { backendWaitMs, heldBackWaitMs, upstreamWindowBytes } from "./limits.js";
import { announcedBytes, type FramingProblem, isOneMessage, MessageFraming } from "./message-framing.js";
import { grpcStatusOf } from "./peer-status.js";
import { Repetitions, retainedBytesMax } from "./repetitions.js";
import type { GrpcHead } from "./request-head.js";
import { buildUpstreamHeaders, upstreamHeaders } from "./upstream-headers.js";
import { type LegEvents, UpstreamLeg } from "./upstream-leg.js";

/** Where a call's answer goes: a stream of an app's connection, or the exchange behind an HTTP/JSON request. */
export type Downstream = Pick<
  Http2Stream,
  "sendHeaders" | "sendData" | "relayData" | "sendTrailers" | "reset" | "releaseWindow" | "bufferedBytes"
>;

/**
 * - `resolving`: the namespace is not known yet
 * - `held-back`: until the app reads earlier answers
 * - `waiting`: for the backend's next plugin process
 * - `sent`: to a plugin, which has not answered
 * - `answering`: a part of the answer went downstream, so the call can only end now
 */
type Phase = "resolving" | "held-back" | "waiting" | "sent" | "answering" | "ended";

/**
 * Forwards one call. Bytes go on as they come, both ways. What one side cannot take is not asked of the other, so that a call
 * holds a window each way at most, and besides it what it retains to be sent again.
 */
export class Call implements StreamEvents, LegEvents, Expiring, WaitingCall, HeldBackCall, Enrolled, ReplicatedCall {
  readonly #forwarding: Forwarding;
  readonly #downstream: Downstream;
  readonly #backlog: AnswerBacklog;
  readonly #head: GrpcHead;
  readonly #startedMs: number;
  #phase: Phase = "resolving";
  /** The caller's deadline or the namespace's; `Infinity`: none. */
  #callDeadlineMs = Number.POSITIVE_INFINITY;
  #namespaceField: NamespaceField | undefined;
  #framing: MessageFraming | undefined;
  #route: Route | undefined;

  #requestBytes = 0;
  #requestEnded = false;
  readonly #held = new HeldRequest();
  /** Bytes that downstream gets no credit for until upstream takes more. */
  #withheldFromDownstream = 0;

  #leg: UpstreamLeg | undefined;
  /** The namespace's, once the call counts there. */
  #quota: NamespaceQuota | undefined;
  #hasWaited = false;
  #repetitions: Repetitions | undefined;
  #responseBytes = 0;
  /** What its plugin may hold of its answer, as counted in the backlog. */
  #owedBytes = 0;

  deadlineMs = Number.POSITIVE_INFINITY;
  wheelNext: Expiring | undefined = undefined;
  wheelPrevious: Expiring | undefined = undefined;
  rosterPosition = -1;

  constructor(
    forwarding: Forwarding,
    { downstream, backlog }: { downstream: Downstream; backlog: AnswerBacklog },
    head: GrpcHead,
  ) {
    this.#forwarding = forwarding;
    this.#downstream = downstream;
    this.#backlog = backlog;
    this.#head = head;
    this.#startedMs = forwarding.now();
  }

  get namespace(): string | undefined {
    return this.#route?.namespace;
  }

  /** Takes the call up; once, before any event. `endStream`: it carries no message. */
  begin(endStream: boolean): void {
    this.#requestEnded = endStream;
    if (this.#head.timeoutMs !== undefined) this.#callDeadlineMs = this.#startedMs + this.#head.timeoutMs;
    const refusal = this.#forwarding.admit(this);
    if (refusal !== undefined) this.#fail(refusal);
    else if (this.#head.traits?.pattern !== undefined) this.#beginNamespaced(endStream);
    else this.#beginRoutedWhole();
  }

  /** The app has no room for another answer: one that nothing was seen of is not made now, but when there is. */
  recall(backlog: AnswerBacklog): void {
    const isExpected = this.#owedBytes > 0;
    if (this.#backlog !== backlog || this.#phase !== "sent" || isExpected || !this.#mayBeMadeAgain()) return;
    this.#leaveLeg();
    this.#held.rewind();
    this.#holdBack();
  }

  get orderHash(): number | undefined {
    const { orderedBy, namespace } = this.#route!;
    if (orderedBy === undefined || namespace === undefined) return undefined;
    return orderedBy === "namespace" ? namespaceHash(namespace) : fieldHash(namespace, this.#held.chunks[0]);
  }

  /** Ends the call for a reason of the proxy's own. */
  abort(failure: Failure): void {
    if (this.#phase !== "ended") this.#fail(failure);
  }

  // What downstream does.

  onHeaders(): void {}

  onData(data: Buffer, endStream: boolean): void {
    if (this.#phase === "ended") return;
    this.#requestBytes += data.length;
    this.#quota?.transfer(data.length);
    if (endStream) this.#requestEnded = true;
    const problem = this.#follow(data);
    if (problem !== undefined) this.#fail(failures.badFraming(problem, this.#forwarding.messageBytesMax));
    else if (this.#phase === "resolving") this.#resolve(data);
    else if (this.#phase === "waiting" || this.#phase === "held-back") this.#holdUntilSent(data);
    else this.#forward(data);
    this.#held.own();
  }

  onTrailers(): void {
    this.onData(Buffer.alloc(0), true);
  }

  onWritable(): void {
    this.#leg?.credit(this.#backlog.mayGrow);
  }

  onReset(): void {
    if (this.#phase !== "ended") this.#end(GrpcCode.CANCELLED);
  }

  // What the clock and the backend do.

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const failure = this.#expiry();
    if (this.#phase === "answering" && this.#downstream.bufferedBytes > 0) {
      // A status would stand behind bytes that the app does not read, and hold them here for as long.
      this.#downstream.reset(Http2ErrorCode.CANCEL);
      this.#end(failure.code);
    } else {
      this.#fail(failure);
    }
  }

  onBackendReady(): void {
    this.#dispatch();
  }

  onBackendRefused(failure: Failure): void {
    this.#fail(failure);
  }

  onRoom(): void {
    this.#owe(this.#backlog.lastLargeBytes);
    this.#hasWaited = true;
    this.#phase = "resolving";
    this.#dispatch();
  }

  // What upstream does. A leg that was given up is silent.

  onUpstreamHeaders(headers: HeaderList, endStream: boolean): void {
    if (headers[1] !== "200") {
      this.#fail(failures.notGrpc(this.#route!.backend, headers[1] ?? ""));
      return;
    }
    if (!endStream && this.#mayBeMadeAgain()) {
      this.#leg!.keptHeaders = headers;
      return;
    }
    this.#answer(headers, endStream);
    if (endStream) this.#end(grpcStatusOf(headers));
  }

  onUpstreamData(data: Buffer, endStream: boolean): void {
    const { keptHeaders } = this.#leg!;
    if (keptHeaders !== undefined && !this.#takeUp(keptHeaders, data)) return;
    this.#responseBytes += data.length;
    this.#quota?.transfer(data.length);
    if (this.#downstream.relayData(data, false)) this.#leg?.credit(this.#backlog.mayGrow && this.#backlog.isRead);
    else this.#backlog.measure();
    if (endStream && this.#phase !== "ended") this.#fail(failures.endedWithoutStatus(this.#route!.backend));
  }

  onUpstreamTrailers(trailers: HeaderList): void {
    const { keptHeaders } = this.#leg!;
    if (keptHeaders !== undefined) this.#answer(keptHeaders, false);
    this.#downstream.sendTrailers(trailers);
    this.#end(grpcStatusOf(trailers));
  }

  onUpstreamWritable(): void {
    const sizeBytes = this.#withheldFromDownstream;
    this.#withheldFromDownstream = 0;
    if (sizeBytes > 0) this.#downstream.releaseWindow(sizeBytes);
  }

  onUpstreamReset(link: BackendLink, errorCode: number): void {
    if (this.#phase === "ended") return;
    this.#leaveLeg();
    if (this.#mayRepeat(errorCode)) this.#repeat();
    else if (errorCode === connectionLost) this.#fail(link.lost);
    // How grpc-go's server ends a stream whose deadline has passed.
    else if (errorCode === Http2ErrorCode.CANCEL && this.#isPastDeadline()) this.#fail(this.#expiry());
    else this.#fail(failures.resetByPlugin(this.#route!.backend, errorCode));
  }

  // Routing.

  #beginNamespaced(endStream: boolean): void {
    if (this.#head.encoding !== "identity") {
      this.#fail(failures.compressionUnsupported());
      return;
    }
    if (endStream) this.#onReading(new NamespaceField().end());
    else this.#expireAt(Math.min(this.#callDeadlineMs, this.#startedMs + this.#forwarding.firstMessageWaitMs));
  }

  #beginRoutedWhole(): void {
    const route = this.#forwarding.routes.service(this.#head.service);
    if (route === undefined) this.#fail(this.#forwarding.methodNotFound(this.#head.path));
    else this.#routed(route);
  }

  #resolve(data: Buffer): void {
    this.#held.add(data);
    const { routes } = this.#forwarding;
    const known = this.#namespaceField === undefined ? routes.knownAtStart(data, this.#head.path) : undefined;
    if (known !== undefined) {
      this.#withheldFromDownstream += data.length;
      this.#routed(known);
      return;
    }
    const namespace = this.#namespaceField === undefined ? namespaceAtStart(data) : undefined;
    if (namespace !== undefined) {
      this.#withheldFromDownstream += data.length;
      this.#onNamespace(namespace);
      return;
    }
    this.#namespaceField ??= new NamespaceField();
    const reading = this.#namespaceField.push(data);
    if (reading.kind === "incomplete" && !this.#requestEnded) {
      // The name may stand behind fields that fill the window; the size of a message bounds what is held for it.
      if (this.#held.holdOn(this.#forwarding.unroutedBytes)) this.#downstream.releaseWindow(data.length);
      else this.#fail(this.#forwarding.overloaded);
    } else {
      this.#withheldFromDownstream += data.length;
      this.#onReading(reading.kind === "incomplete" ? this.#namespaceField.end() : reading);
    }
  }

  #onReading(reading: NamespaceReading): void {
    if (reading.kind === "refused") this.#fail(failures.unreadable(reading));
    if (reading.kind === "found") this.#onNamespace(reading.namespace);
  }

  #onNamespace(namespace: string): void {
    let route: Route;
    try {
      route = this.#forwarding.routes.namespaced(namespace, this.#head.path, this.#head.traits!);
    } catch (error) {
      this.#fail(this.#forwarding.whyUnrouted(error));
      return;
    }
    this.#routed(route);
  }

  #routed(route: Route): void {
    this.#route = route;
    route.metrics.begin();
    if (this.#head.timeoutMs === undefined && route.timeoutMs !== undefined) {
      this.#callDeadlineMs = this.#startedMs + route.timeoutMs;
    }
    const exceeded = route.quota?.enter(route.adds);
    if (exceeded !== undefined) {
      this.#fail(failureOfKept(exceeded));
      return;
    }
    this.#quota = route.quota;
    this.#quota?.transfer(this.#requestBytes);
    if (this.#backlog.hasRoom) this.#dispatch();
    else this.#holdBack();
  }

  /** Lets the call wait until its app reads. */
  #holdBack(): void {
    if (!this.#held.holdOn(this.#forwarding.heldBackBytes)) {
      this.#fail(this.#forwarding.overloaded);
      return;
    }
    this.#phase = "held-back";
    this.#backlog.holdBack(this);
    const hasDeadline = Number.isFinite(this.#callDeadlineMs);
    this.#expireAt(hasDeadline ? this.#callDeadlineMs : this.#forwarding.now() + heldBackWaitMs);
  }

  #dispatch(): void {
    const backend = this.#forwarding.backend(this.#route!.backend);
    const link = backend.linkForNewCall(this);
    if (link !== undefined) {
      this.#send(link);
      return;
    }
    const refusal = this.#held.holdOn(backend.waitingBytes) ? backend.wait(this) : backend.tooManyWait();
    if (refusal !== undefined) {
      this.#fail(refusal);
      return;
    }
    this.#phase = "waiting";
    this.#hasWaited = true;
    this.#expireAt(Math.min(this.#callDeadlineMs, this.#forwarding.now() + backendWaitMs));
  }

  // The request.

  /** Follows the length prefixes of a namespaced call. Most requests are one message in one chunk: nothing to follow. */
  #follow(data: Buffer): FramingProblem | undefined {
    if (this.#head.traits?.pattern === undefined) return undefined;
    const { messageBytesMax } = this.#forwarding;
    if (this.#framing === undefined) {
      const isWhole = this.#requestEnded && this.#requestBytes === data.length;
      if (isWhole && isOneMessage(data, messageBytesMax)) return undefined;
      this.#framing = new MessageFraming(messageBytesMax);
    }
    return this.#framing.push(data);
  }

  #send(link: BackendLink): void {
    const endStream = !this.#held.hasUnsent && this.#requestEnded;
    try {
      this.#leg = new UpstreamLeg(this, link, this.#upstreamHeaders(link), endStream);
    } catch {
      // The link was open a moment ago, so it is its queue for the plugin's MAX_CONCURRENT_STREAMS that is full.
      this.#fail(failures.pluginOverloaded(this.#route!.backend));
      return;
    }
    this.#phase = "sent";
    this.#expireAt(this.#callDeadlineMs);
    const isWritable = this.#held.sendTo(this.#leg.stream, this.#requestEnded);
    this.#held.retain(this.#forwarding.retainedBytes, retainedBytesMax(this.#route!));
    if (isWritable) this.onUpstreamWritable();
  }

  #upstreamHeaders(link: BackendLink): RequestHeaders {
    const route = this.#route!;
    const timeoutMs = this.#head.timeoutMs ?? route.timeoutMs;
    if (timeoutMs === undefined || !this.#hasWaited) return upstreamHeaders(this.#head, { route, link, timeoutMs });
    const leftMs = Math.ceil(this.#callDeadlineMs - this.#forwarding.now());
    return buildUpstreamHeaders(this.#head, { route, link, timeoutMs: leftMs });
  }

  #forward(data: Buffer): void {
    const isWritable = this.#leg!.stream.relayData(data, this.#requestEnded);
    if (isWritable) this.#downstream.releaseWindow(data.length);
    else this.#withheldFromDownstream += data.length;
    this.#held.addSent(data, this.#phase === "sent" ? retainedBytesMax(this.#route!) : 0);
  }

  #holdUntilSent(data: Buffer): void {
    this.#withheldFromDownstream += data.length;
    if (this.#held.add(data)) return;
    const { overloaded } = this.#forwarding;
    this.#fail(this.#phase === "held-back" ? overloaded : this.#forwarding.backend(this.#route!.backend).tooManyWait());
  }

  // Sending again.

  #mayRepeat(errorCode: number): boolean {
    if (this.#phase !== "sent" || !this.#held.isComplete) return false;
    this.#repetitions ??= new Repetitions();
    return this.#repetitions.allow(errorCode, this.#route!, { held: this.#held, ended: this.#requestEnded });
  }

  #repeat(): void {
    this.#held.rewind();
    this.#hasWaited = true;
    this.#dispatch();
  }

  // The answer.

  #answer(headers: HeaderList, endStream: boolean): void {
    this.#leg!.keptHeaders = undefined;
    this.#phase = "answering";
    this.#held.forget();
    this.#downstream.sendHeaders(headers, endStream);
  }

  /** A plugin makes the answer to a unary call whole, whatever its app reads. One that only reads can make it later instead. */
  #mayBeMadeAgain(): boolean {
    const { traits } = this.#head;
    return traits?.readOnly === true && traits.streaming === "none" && this.#requestEnded && this.#held.isComplete;
  }

  /** The beginning of an answer tells its size. False: it is given up, to be made when the app has read others. */
  #takeUp(headers: HeaderList, data: Buffer): boolean {
    const sizeBytes = announcedBytes(data);
    const isLarge = sizeBytes > upstreamWindowBytes;
    if (isLarge) this.#backlog.lastLargeBytes = sizeBytes;
    if (isLarge && this.#owedBytes === 0 && !this.#backlog.hasRoom) {
      this.#forwarding.recall(this.#backlog);
      return false;
    }
    this.#owe(isLarge ? sizeBytes : 0);
    this.#answer(headers, false);
    return true;
  }

  #owe(sizeBytes: number): void {
    const change = sizeBytes - this.#owedBytes;
    this.#owedBytes = sizeBytes;
    if (change !== 0) this.#backlog.owe(change);
  }

  // Endings.

  #isPastDeadline(): boolean {
    return this.#forwarding.now() >= this.#callDeadlineMs;
  }

  #expiry(): Failure {
    const isDeadline = this.#isPastDeadline();
    if (this.#route === undefined)
      return isDeadline ? failures.deadlineExceeded("its first message") : failures.noFirstMessage();
    if (this.#phase === "held-back")
      return isDeadline ? failures.deadlineExceeded("its app to read earlier answers") : this.#forwarding.overloaded;
    const backend = this.#forwarding.backend(this.#route.backend);
    if (!isDeadline) return backend.unavailable();
    const { name, condition } = backend;
    if (this.#phase === "waiting") return failures.deadlineExceeded(`backend "${name}", which is ${condition}`);
    const isPatterns = this.#head.traits?.pattern !== undefined;
    return (isPatterns ? failures.deadlineExceeded : failures.plainDeadlineExceeded)(`backend "${name}"`);
  }

  #fail(failure: Failure): void {
    if (this.#phase === "answering") this.#downstream.sendTrailers(failure.trailers);
    else this.#downstream.sendHeaders(failure.trailersOnly, true);
    this.#end(failure.code);
  }

  #end(code: number): void {
    if (this.#phase === "waiting") this.#forwarding.backend(this.#route!.backend).stopWaiting(this);
    if (this.#phase === "held-back") this.#backlog.stopHoldingBack(this);
    this.#phase = "ended";
    this.#forwarding.wheel.remove(this);
    this.#leaveLeg();
    this.#held.forget();
    this.#owe(0);
    this.#quota?.leave();
    this.#forwarding.ended(this);
    const metrics = this.#route?.metrics ?? this.#forwarding.metrics.unrouted;
    if (this.#route === undefined) metrics.begin();
    metrics.received(this.#requestBytes);
    metrics.answered(this.#responseBytes);
    metrics.end(code, this.#forwarding.now() - this.#startedMs);
  }

  /** Gives the plugin's stream up. */
  #leaveLeg(): void {
    const leg = this.#leg;
    this.#leg = undefined;
    leg?.leave();
  }

  #expireAt(deadlineMs: number): void {
    if (deadlineMs === this.deadlineMs) return;
    this.#forwarding.wheel.remove(this);
    this.deadlineMs = deadlineMs;
    if (Number.isFinite(deadlineMs)) this.#forwarding.wheel.add(this);
  }
}
