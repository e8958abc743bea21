import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

const windowBytes = 1024 * 1024;
// In units of 1 MB. Beyond it, node:http2 takes no answers: what waits to be sent counts too.
const maxSessionMemory = 1_000;

/** An app on node:http2, which decides for each call when it reads. */
export class Http2App implements Disposable {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  static async connect(address: string): Promise<Http2App> {
    const session = connect(`http://${address}`, { settings: { initialWindowSize: windowBytes }, maxSessionMemory });
    session.on("error", () => undefined);
    await once(session, "connect");
    session.setLocalWindowSize(64 * windowBytes);
    return new Http2App(session);
  }

  /** Makes a call with one message. Nothing of the answer is read before `readAll`. */
  call(path: string, message: Uint8Array, timeoutMs: number): Http2Call {
    const call = this.begin(path, timeoutMs);
    call.send(message);
    call.endRequest();
    return call;
  }

  /** Begins a call. Its deadline is told to the other side, and kept only there. */
  begin(path: string, timeoutMs: number): Http2Call {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": `${timeoutMs}m`,
    });
    return new Http2Call(stream);
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** What a call was answered with. */
export interface Http2Answer {
  readonly grpcStatus: string;
  /** With the prefixes of its messages. */
  readonly sizeBytes: number;
}

export class Http2Call {
  /** The code of the reset that ended it; undefined while there is none. */
  resetWith: number | undefined;
  #grpcStatus = "";
  readonly #stream: ClientHttp2Stream;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    const keepStatus = (headers: NodeJS.Dict<string | string[]>) => {
      this.#grpcStatus = String(headers["grpc-status"] ?? "");
    };
    stream.on("response", keepStatus);
    stream.on("trailers", keepStatus);
    stream.on("error", () => undefined);
    stream.on("close", () => {
      if (stream.rstCode !== 0) this.resetWith = stream.rstCode;
    });
  }

  /** Sends one message. False: more than the other side takes waits here now. */
  send(message: Uint8Array): boolean {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    return this.#stream.write(Buffer.concat([prefix, message]));
  }

  /** Waits until what waits here is sent. */
  async sent(): Promise<void> {
    if (this.#stream.writableNeedDrain) await once(this.#stream, "drain");
  }

  endRequest(): void {
    this.#stream.end();
  }

  /** Waits until the answer has begun. */
  async begun(): Promise<void> {
    await once(this.#stream, "response");
  }

  /** Reads the answer to its end and keeps nothing of it. */
  async readAll(): Promise<Http2Answer> {
    let sizeBytes = 0;
    this.#stream.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
    });
    await once(this.#stream, "close");
    return { grpcStatus: this.#grpcStatus, sizeBytes };
  }
}
