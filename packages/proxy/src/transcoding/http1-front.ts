import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { HeaderList } from "@prism-data/transport";
import { httpKeepAliveTimeoutMs, httpSlowRequestLookMs } from "../data-path/limits.js";
import { createServer } from "../node-http.js";
import type { Metrics } from "../telemetry/metrics.js";
import { type BodyLimits, bodiesTooLarge, HttpBody } from "./http-body.js";
import { type Http1Refusal, malformedRequest, refusalOf } from "./http1-refusal.js";
import type { HttpResponse, HttpStream, Transcoder } from "./transcoder.js";

export interface Http1Limits extends BodyLimits {
  /** The largest header section. */
  readonly headerListBytes: number;
  /** How long a connection may stay open without a request, in ms. */
  readonly idleTimeoutMs: number;
}

interface Connection {
  /** Who it was verified to belong to. */
  readonly principal: string | undefined;
  /** How to let go of each answer that is not read yet. Those that wait behind another hear of no end by themselves. */
  readonly unread: Set<() => void>;
}

/** HTTP/1.1 on connections that someone else accepted. */
export class Http1Front {
  readonly #transcoder: Transcoder;
  readonly #limits: Http1Limits;
  readonly #metrics: Metrics;
  readonly #server;
  readonly #connections = new Map<Socket, Connection>();
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(transcoder: Transcoder, limits: Http1Limits, metrics: Metrics) {
    this.#transcoder = transcoder;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#server = createServer({
      maxHeaderSize: limits.headerListBytes,
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(httpSlowRequestLookMs, limits.requestTimeoutMs),
      keepAliveTimeout: Math.min(httpKeepAliveTimeoutMs, limits.idleTimeoutMs),
    });
    this.#server.on("request", (request, response) => {
      // HTTP/0.9 has no fields; what claims to be it and has some is somebody's trick.
      if (request.httpVersionMajor === 1) void this.#serve(request, response);
      else this.#refuse(request.socket, malformedRequest);
    });
    this.#server.on("clientError", ({ code }: NodeJS.ErrnoException, socket) => {
      const refusal = refusalOf(code);
      if (refusal === undefined) socket.destroy();
      else this.#refuse(socket, refusal);
    });
    // The server never listens by itself, but its clocks for slow requests start with this event.
    this.#server.emit("listening");
  }

  accept(socket: Socket, principal: string | undefined): void {
    const connection: Connection = { principal, unread: new Set() };
    this.#connections.set(socket, connection);
    socket.once("close", () => {
      for (const letGo of connection.unread) letGo();
      this.#connections.delete(socket);
      if (this.#connections.size === 0) this.#drained?.resolve();
    });
    this.#server.emit("connection", socket);
  }

  /** Closes idle connections now and each other one after its answer; fulfilled when all are closed. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    this.#server.closeIdleConnections();
    if (this.#connections.size === 0) this.#drained.resolve();
    return this.#drained.promise;
  }

  /** Closes every connection. */
  close(): void {
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /** The connection cannot go on: where the next request begins is not known. */
  #refuse(socket: Duplex, { status, reason }: Http1Refusal): void {
    if (reason !== undefined) this.#metrics.connectionClosed(reason);
    if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
    socket.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborted = new AbortController();
    response.once("close", () => aborted.abort());
    const body = new HttpBody(this.#limits);
    try {
      const refused = await readBody(request, body);
      // What is left of a refused body is not worth reading: the connection ends with the answer.
      if (refused !== undefined) response.shouldKeepAlive = false;
      const answer = refused ?? (await this.#answer(request, body.bytes(), aborted.signal));
      if ("lines" in answer) await this.#stream(response, answer);
      else this.#send(response, answer);
    } catch (error) {
      if (!aborted.signal.aborted && !request.destroyed) throw error;
      // The caller went away in the middle of the body: there is nobody to tell.
    } finally {
      body.release();
    }
  }

  #answer(request: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<HttpResponse | HttpStream> {
    const path = (request.url ?? "").replace(/\?.*$/s, "");
    const principal = this.#connections.get(request.socket)?.principal;
    const asked = { method: request.method ?? "", path, headers: headersOf(request), body, principal };
    return this.#transcoder.answer(asked, signal);
  }

  #send(response: ServerResponse, answer: HttpResponse): void {
    if (response.destroyed) return;
    const { status, headers, body } = this.#holdUntilRead(response, answer);
    this.#begin(response, status, headers);
    response.end(body);
  }

  /** Writes lines as they come and are read. */
  async #stream(response: ServerResponse, { status, headers, lines }: HttpStream): Promise<void> {
    this.#begin(response, status, headers);
    await pipeline(this.#inTime(lines, response.req.socket), response);
  }

  /** Each line is asked for when those before are read, which may not take for ever. */
  async *#inTime(lines: AsyncIterable<string>, socket: Socket): AsyncGenerator<string> {
    for await (const line of lines) {
      const timer = setTimeout(() => this.#giveUpUnread(socket), this.#limits.requestTimeoutMs);
      try {
        yield line;
      } finally {
        clearTimeout(timer);
      }
    }
  }

  #begin(response: ServerResponse, status: number, headers: HeaderList): void {
    if (this.#drained !== undefined) response.shouldKeepAlive = false;
    response.statusCode = status;
    for (let at = 0; at < headers.length; at += 2) response.appendHeader(headers[at]!, headers[at + 1]!);
  }

  #giveUpUnread(socket: Socket): void {
    if (socket.destroyed) return;
    this.#metrics.connectionClosed("unread_answers");
    socket.destroy();
  }

  /** Counts the answer until it is read, which may not take for ever. Answers what to send: that there is no room for it. */
  #holdUntilRead(response: ServerResponse, answer: HttpResponse): HttpResponse {
    const { budget, requestTimeoutMs } = this.#limits;
    const { socket } = response.req;
    const unread = this.#connections.get(socket)?.unread;
    const sizeBytes = Buffer.byteLength(answer.body);
    if (unread === undefined || !budget.tryTake(sizeBytes)) return bodiesTooLarge();
    const timer = setTimeout(() => this.#giveUpUnread(socket), requestTimeoutMs);
    const letGo = () => {
      if (!unread.delete(letGo)) return;
      clearTimeout(timer);
      budget.giveBack(sizeBytes);
    };
    unread.add(letGo);
    response.once("close", letGo);
    return answer;
  }
}

/** Reads to the end of the body. Answers how to refuse it. */
async function readBody(request: IncomingMessage, body: HttpBody): Promise<HttpResponse | undefined> {
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const refused = body.add(chunk);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function headersOf(request: IncomingMessage): HeaderList {
  return request.rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
}
