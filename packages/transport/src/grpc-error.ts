import { GrpcCode, grpcCodeName } from "./grpc-code.js";
import type { Metadata } from "./grpc-metadata.js";

/** What the transport itself found wrong with a call: a limit, or a rule of gRPC. */
export type CallFault =
  | "deadline-passed"
  | "compressed"
  | "message-too-large"
  | "malformed"
  | "unknown-method"
  | "shutting-down";

/** A gRPC status that is not OK. */
export class GrpcError extends Error {
  readonly code: number;
  /** A serialized google.rpc.Status, as in grpc-status-details-bin. */
  readonly details: Uint8Array | undefined;
  /** Trailing metadata. */
  readonly metadata: Metadata;
  /** Set when the transport made the error by itself. */
  readonly fault: CallFault | undefined;

  constructor(init: {
    readonly code: number;
    readonly message: string;
    readonly details?: Uint8Array | undefined;
    readonly metadata?: Metadata | undefined;
    readonly fault?: CallFault | undefined;
    readonly cause?: unknown;
  }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = `GrpcError ${grpcCodeName(init.code)}`;
    this.code = init.code;
    this.details = init.details;
    this.metadata = init.metadata ?? [];
    this.fault = init.fault;
  }
}

/** The deadline of a call has passed, on either side. */
export function deadlineExceeded(): GrpcError {
  return new GrpcError({
    code: GrpcCode.DEADLINE_EXCEEDED,
    message: "the deadline of the call has passed",
    fault: "deadline-passed",
  });
}

/** Bytes that are not what gRPC asks for. */
export function malformed(message: string): GrpcError {
  return new GrpcError({ code: GrpcCode.INTERNAL, message, fault: "malformed" });
}

/** grpc/doc/compression.md: a message with the compressed flag, while no compression was agreed on. */
export function unannouncedCompression(): GrpcError {
  return new GrpcError({
    code: GrpcCode.INTERNAL,
    message: "a compressed message without grpc-encoding",
    fault: "compressed",
  });
}
