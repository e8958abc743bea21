import {
  decodeStatusMessage,
  encodeTimeout,
  frameMessage,
  GrpcCode,
  type HeaderList,
  headerValue,
  type StreamEvents,
  statusTrailers,
} from "@prism-data/transport";
import type { CallRequest, CallStatus } from "../transcoding/transcoder.js";
import type { Downstream } from "./call.js";
import { grpcStatusOf } from "./peer-status.js";

/** Serves a gRPC request, whatever is behind it. */
export type OpenStream = (
  downstream: Downstream,
  headers: HeaderList,
  endStream: boolean,
  principal: string | undefined,
) => StreamEvents;

/** Stands in the place of an app's stream for a call that came as HTTP/JSON. */
export interface TranscodedExchange extends Downstream {
  events: StreamEvents | undefined;
  /** Whoever asked is gone. */
  cancel(): void;
}

export const givenUp: HeaderList = statusTrailers(GrpcCode.CANCELLED, "the call was given up");

/** Makes a call with one message inside the process: it takes the way of every gRPC call. */
export function openCall(
  open: OpenStream,
  exchange: TranscodedExchange,
  request: CallRequest,
  signal: AbortSignal,
): void {
  const headers = [":method", "POST", ":scheme", "http", ":path", request.path, "te", "trailers"];
  headers.push("content-type", "application/grpc");
  if (request.timeoutMs !== undefined) headers.push("grpc-timeout", encodeTimeout(request.timeoutMs));
  exchange.events = open(exchange, [...headers, ...request.metadata], false, request.principal);
  signal.addEventListener("abort", () => exchange.cancel(), { once: true });
  exchange.events.onData(frameMessage(request.message), true);
}

/** What the trailers say of how the call went. */
export function callStatus(trailers: HeaderList): CallStatus {
  const details = headerValue(trailers, "grpc-status-details-bin");
  return {
    code: grpcStatusOf(trailers),
    statusMessage: decodeStatusMessage(headerValue(trailers, "grpc-message") ?? ""),
    details: details === undefined ? undefined : Buffer.from(details, "base64"),
  };
}

/** The plugin's own metadata, without gRPC's fields. */
export function ownMetadata(headers: HeaderList): HeaderList {
  const metadata: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!;
    const isProtocols = name.startsWith(":") || name.startsWith("grpc-") || name.startsWith("content-");
    if (!isProtocols) metadata.push(name, headers[at + 1]!);
  }
  return metadata;
}
