import { GrpcCode } from "../src/grpc-code.js";
import { GrpcError } from "../src/grpc-error.js";
import type { GrpcMethod } from "../src/grpc-server.js";

/** What became of calls that wait: tests look here. */
export interface EchoLog {
  readonly aborted: GrpcError[];
  /** Called when a call begins to wait. */
  onWaiting: () => void;
}

function abortOf(signal: AbortSignal): Promise<GrpcError> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason as GrpcError);
    else signal.addEventListener("abort", () => resolve(signal.reason as GrpcError), { once: true });
  });
}

/** A service of every kind of method, over raw bytes. */
export function echoMethods(log: EchoLog = { aborted: [], onWaiting() {} }): Record<string, GrpcMethod> {
  return {
    "/test.Echo/Unary": { kind: "unary", handle: (message) => message },
    "/test.Echo/Later": { kind: "unary", handle: async (message) => message },
    "/test.Echo/Metadata": {
      kind: "unary",
      handle(message, call) {
        const sent = call.metadata.slice(call.metadata.indexOf("x-text"));
        call.setHeaders([["x-initial", sent[1]!]]);
        call.setTrailers([["x-trailing-bin", Buffer.from([0, 1, 254, 255])]]);
        return message;
      },
    },
    "/test.Echo/Fail": {
      kind: "unary",
      handle() {
        throw new GrpcError({
          code: GrpcCode.ABORTED,
          message: "ça ne va pas: 100 %",
          details: Buffer.from("details"),
          metadata: [["x-why", "test"]],
        });
      },
    },
    "/test.Echo/Crash": {
      kind: "unary",
      async handle() {
        throw new Error("a secret of the server");
      },
    },
    "/test.Echo/Wait": {
      kind: "unary",
      async handle(_, call) {
        log.onWaiting();
        log.aborted.push(await abortOf(call.signal));
        return new Uint8Array(0);
      },
    },
    "/test.Echo/Bidi": {
      kind: "stream",
      async handle(call) {
        for await (const message of call.messages()) {
          if (!call.write(message)) await call.writable();
        }
      },
    },
    "/test.Echo/Count": {
      kind: "stream",
      async handle(call) {
        let bytes = 0;
        for await (const message of call.messages()) bytes += message.length;
        call.write(Buffer.from(String(bytes)));
      },
    },
    /** Request: how many messages of how many bytes. */
    "/test.Echo/Produce": {
      kind: "stream",
      async handle(call) {
        for await (const message of call.messages()) {
          const [count, bytes] = Buffer.from(message).toString().split(" ").map(Number);
          for (let i = 0; i < count!; i++) if (!call.write(Buffer.alloc(bytes!, i))) await call.writable();
        }
      },
    },
    "/test.Echo/FirstOnly": {
      kind: "stream",
      async handle(call) {
        for await (const message of call.messages()) {
          call.write(message);
          return;
        }
      },
    },
    "/test.Echo/WaitStream": {
      kind: "stream",
      async handle(call) {
        call.sendHeaders();
        log.onWaiting();
        try {
          for await (const _ of call.messages());
        } catch (error) {
          log.aborted.push(error as GrpcError);
          throw error;
        }
      },
    },
  };
}
