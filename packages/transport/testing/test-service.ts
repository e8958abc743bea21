import { GrpcError } from "../src/grpc-error.js";
import { metadataOf } from "../src/grpc-metadata.js";
import type { GrpcMethod } from "../src/grpc-server.js";
import type { ServerCall } from "../src/grpc-server-call.js";
import type { StreamingServerCall } from "../src/grpc-streaming-server-call.js";
import * as messages from "./grpc-testing-messages.js";

/** What grpc/doc/interop-test-descriptions.md calls echo metadata. */
const echoedInitial = "x-grpc-test-echo-initial";
const echoedTrailing = "x-grpc-test-echo-trailing-bin";

function echoMetadata(call: ServerCall): void {
  const metadata = metadataOf(call.metadata);
  call.setHeaders(metadata.filter(([name]) => name === echoedInitial));
  call.setTrailers(metadata.filter(([name]) => name === echoedTrailing));
}

function failAsAsked(status: { code: number; message: string } | undefined): void {
  if (status !== undefined && status.code !== 0) throw new GrpcError(status);
}

async function answerStreaming(call: StreamingServerCall): Promise<void> {
  echoMetadata(call);
  for await (const message of call.messages()) {
    const { responseStatus, responseParameters } = messages.streamingOutputRequest.decode(message);
    failAsAsked(responseStatus);
    for (const { size } of responseParameters ?? []) {
      const answer = messages.streamingOutputResponse.encode({ payload: messages.payloadOf(size) });
      if (!call.write(answer)) await call.writable();
    }
  }
}

/** grpc.testing.TestService, of grpc's interop suite. */
export const testServiceMethods: Readonly<Record<string, GrpcMethod>> = {
  "/grpc.testing.TestService/EmptyCall": { kind: "unary", handle: () => messages.empty },
  "/grpc.testing.TestService/UnaryCall": {
    kind: "unary",
    handle(message, call) {
      echoMetadata(call);
      const { responseStatus, responseSize = 0 } = messages.simpleRequest.decode(message);
      failAsAsked(responseStatus);
      return messages.simpleResponse.encode({ payload: messages.payloadOf(responseSize) });
    },
  },
  "/grpc.testing.TestService/StreamingInputCall": {
    kind: "stream",
    async handle(call) {
      let aggregatedPayloadSize = 0;
      for await (const message of call.messages()) {
        aggregatedPayloadSize += messages.streamingInputRequest.decode(message).payload?.body.length ?? 0;
      }
      call.write(messages.streamingInputResponse.encode({ aggregatedPayloadSize }));
    },
  },
  "/grpc.testing.TestService/StreamingOutputCall": { kind: "stream", handle: answerStreaming },
  "/grpc.testing.TestService/FullDuplexCall": { kind: "stream", handle: answerStreaming },
};
