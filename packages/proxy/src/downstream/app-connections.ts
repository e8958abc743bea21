import type { Socket } from "node:net";
import {
  ConnectionFault,
  type ConnectionOptions,
  errorCodeName,
  type HeaderList,
  Http2Connection,
  type Http2Stream,
  type StreamEvents,
} from "@prism-data/transport";
import { AnswerBacklog, type UnreadBytes } from "../data-path/answer-backlog.js";
import type { Metrics } from "../telemetry/metrics.js";
import type { Http1Front } from "../transcoding/http1-front.js";

/** Serves a request of an app. */
export type AppStreamHandler = (stream: Http2Stream, headers: HeaderList, endStream: boolean, app: App) => StreamEvents;

/** Who is on a connection. */
export interface App {
  /** Who it was verified to be; `undefined`: nobody in particular. */
  readonly principal: string | undefined;
  readonly backlog: AnswerBacklog;
}

/** The connections of apps, from the moment it is known what they speak. */
export class AppConnections {
  readonly #http1: Http1Front;
  readonly #http2Options: ConnectionOptions;
  readonly #onStream: AppStreamHandler;
  readonly #unread: UnreadBytes;
  readonly #metrics: Metrics;
  readonly #http2 = new Set<Http2Connection>();
  #state: "accepting" | "draining" | "closed" = "accepting";

  constructor(options: {
    http1: Http1Front;
    http2: ConnectionOptions;
    onStream: AppStreamHandler;
    unread: UnreadBytes;
    metrics: Metrics;
  }) {
    this.#http1 = options.http1;
    this.#http2Options = options.http2;
    this.#onStream = options.onStream;
    this.#unread = options.unread;
    this.#metrics = options.metrics;
  }

  acceptHttp1(socket: Socket, principal: string | undefined): void {
    if (this.#state === "accepting") this.#http1.accept(socket, principal);
    else socket.destroy();
  }

  acceptHttp2(socket: Socket, principal: string | undefined): void {
    if (this.#state !== "accepting") {
      socket.destroy();
      return;
    }
    const backlog = new AnswerBacklog(this.#unread, () => connection.bufferedBytes);
    const app = { principal, backlog };
    const connection: Http2Connection = Http2Connection.accept(
      socket,
      this.#http2Options,
      (stream, headers, endStream) => this.#onStream(stream, headers, endStream, app),
    );
    this.#http2.add(connection);
    connection.onSent = () => backlog.onRead();
    connection.onStreamFault = (errorCode) => this.#metrics.streamRefused(errorCodeName(errorCode));
    connection.onClose = (reason) => {
      this.#http2.delete(connection);
      backlog.measure();
      if (reason instanceof ConnectionFault) this.#metrics.connectionClosed(reason.offence);
    };
  }

  /** Tells every app to come no more (GOAWAY; `connection: close`); fulfilled when the last connection has closed. */
  async drain(): Promise<void> {
    this.#state = "draining";
    await Promise.all([this.#http1.drain(), ...[...this.#http2].map((connection) => connection.drain())]);
  }

  /** Closes what is still open. */
  close(): void {
    this.#state = "closed";
    this.#http1.close();
    for (const connection of this.#http2) connection.destroy();
  }
}
