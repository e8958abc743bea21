import { ClientCallBase, type ClientHost } from "./grpc-client-call.js";
import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import { MessageReader } from "./message-reader.js";

/** One message out, one in. */
export class UnaryClientCall extends ClientCallBase {
  readonly #answer = Promise.withResolvers<Uint8Array>();
  readonly #reader: MessageReader;
  #message: Uint8Array | undefined;

  constructor(host: ClientHost) {
    super(host);
    this.#reader = new MessageReader(host.maxMessageBytes);
  }

  get answer(): Promise<Uint8Array> {
    return this.#answer.promise;
  }

  protected onBytes(data: Buffer): void {
    this.stream?.releaseWindow(data.length);
    this.#reader.read(data, ({ compressed, message }) => {
      if (compressed)
        throw new GrpcError({ code: GrpcCode.INTERNAL, message: "a compressed message without grpc-encoding" });
      if (this.#message !== undefined) throw cardinality("more than one");
      this.#message = message;
    });
  }

  protected onEnd(error: GrpcError | undefined): void {
    if (error !== undefined) this.#answer.reject(error);
    else if (this.#reader.pendingBytes > 0)
      this.#answer.reject(new GrpcError({ code: GrpcCode.INTERNAL, message: "the answer is incomplete" }));
    else if (this.#message === undefined) this.#answer.reject(cardinality("no"));
    else this.#answer.resolve(this.#message);
  }
}

/** grpc/doc/statuscodes.md: "Response cardinality violation". */
function cardinality(howMany: string): GrpcError {
  return new GrpcError({ code: GrpcCode.UNIMPLEMENTED, message: `${howMany} answer to a call that has one` });
}
