import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HeaderList } from "@prism-data/transport";
import { bodyTooLarge, type HttpResponse, type Transcoder } from "./transcoder.js";

export interface Http1Limits {
  /** The largest request body. */
  readonly bodyBytes: number;
  /** The largest header section. */
  readonly headerListBytes: number;
}

/** A request that trickles in longer than this holds a connection that others could use. */
const requestTimeoutMs = 60_000;

/** Longer than the idle time of usual load balancers, so that it is they who close first and no request meets a closing socket. */
const keepAliveTimeoutMs = 75_000;

/** HTTP/1.1 on connections that someone else accepted. */
export class Http1Front {
  readonly #transcoder: Transcoder;
  readonly #limits: Http1Limits;
  readonly #server;
  readonly #connections = new Set<Socket>();
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(transcoder: Transcoder, limits: Http1Limits) {
    this.#transcoder = transcoder;
    this.#limits = limits;
    this.#server = createServer({
      maxHeaderSize: limits.headerListBytes,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    });
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    // The server never listens by itself, but its clocks for slow requests start with this event.
    this.#server.emit("listening");
  }

  accept(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => {
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
    for (const socket of this.#connections) socket.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborted = new AbortController();
    response.once("close", () => aborted.abort());
    const body = await readBody(request, this.#limits.bodyBytes);
    if (body === undefined) return;
    if (body === "too-large") {
      // What is left of the body is not worth reading: the connection ends with the answer.
      response.shouldKeepAlive = false;
      this.#send(response, bodyTooLarge(this.#limits.bodyBytes));
      return;
    }
    const path = (request.url ?? "").replace(/\?.*$/s, "");
    const { method = "" } = request;
    this.#send(
      response,
      await this.#transcoder.answer({ method, path, headers: headersOf(request), body }, aborted.signal),
    );
  }

  #send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
    if (response.destroyed) return;
    if (this.#drained !== undefined) response.shouldKeepAlive = false;
    response.statusCode = status;
    for (let at = 0; at < headers.length; at += 2) response.appendHeader(headers[at]!, headers[at + 1]!);
    response.end(body);
  }
}

/** The whole body; `undefined` when the connection ended before it did. */
async function readBody(request: IncomingMessage, sizeBytesMax: number): Promise<Buffer | "too-large" | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > sizeBytesMax) return "too-large";
      chunks.push(chunk);
    }
  } catch {
    // The caller went away: there is nobody to tell.
    return undefined;
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

function headersOf(request: IncomingMessage): HeaderList {
  return request.rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
}
