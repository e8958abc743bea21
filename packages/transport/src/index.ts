export { ByteMemo } from "./byte-memo.js";
export { ChunkPacker } from "./chunk-packer.js";
export { Http2Connection, type StreamHandler } from "./connection.js";
export { DeadlineWheel, type Expiring } from "./deadline-wheel.js";
export {
  ConnectionClosedError,
  ConnectionFault,
  type ConnectionOffence,
  connectionLost,
  errorCodeName,
  Http2ErrorCode,
} from "./error-code.js";
export { ExtendedHeaders, type RequestHeaders } from "./extended-headers.js";
export { type ClientTls, GrpcClient, type GrpcClientOptions } from "./grpc-client.js";
export type { CallOptions } from "./grpc-client-call.js";
export { GrpcCode, type GrpcCodeName, grpcCodeName, grpcCodeOfHttpStatus, grpcCodeOfReset } from "./grpc-code.js";
export { type CallFault, GrpcError } from "./grpc-error.js";
export { appendMetadata, type Metadata, metadataOf } from "./grpc-metadata.js";
export { defaultMaxMessageBytes, type GrpcMethod, GrpcServer, type GrpcServerOptions } from "./grpc-server.js";
export type { ServerCall } from "./grpc-server-call.js";
export {
  errorTrailers,
  isGrpcContentType,
  responseError,
  statusOfTrailers,
  statusTrailers,
  trailersOnly,
} from "./grpc-status.js";
export { decodeStatusMessage, encodeStatusMessage } from "./grpc-status-message.js";
export type { ClientCall } from "./grpc-streaming-client-call.js";
export type { StreamingServerCall, StreamMethod } from "./grpc-streaming-server-call.js";
export { encodeTimeout, parseTimeout } from "./grpc-timeout.js";
export type { UnaryMethod } from "./grpc-unary-server-call.js";
export { type HeaderList, headerValue } from "./header-list.js";
export { LendingSocket, lendingSocket } from "./lending-socket.js";
export { type ConnectionOptions, connectionLimits, unixSocketOptions } from "./limits.js";
export { frameMessage, MessageReader, type ReceivedMessage } from "./message-reader.js";
export { type Enrolled, Roster } from "./roster.js";
export type { OutgoingMessage } from "./send-message.js";
export { copyAloneBytes, returnSlab, slabBytes, takeSlab } from "./slab-pool.js";
export type { SocketAddress } from "./socket-address.js";
export type { Http2Stream, StreamEvents } from "./stream.js";
export { TokenBucket } from "./token-bucket.js";
