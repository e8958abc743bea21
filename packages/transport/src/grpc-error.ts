import { GrpcCode, grpcCodeName } from "./grpc-code.js";
import type { Metadata } from "./grpc-metadata.js";

/** A gRPC status that is not OK. */
export class GrpcError extends Error {
  readonly code: number;
  /** A serialized google.rpc.Status, as in grpc-status-details-bin. */
  readonly details: Uint8Array | undefined;
  /** Trailing metadata. */
  readonly metadata: Metadata;

  constructor(init: {
    readonly code: number;
    readonly message: string;
    readonly details?: Uint8Array | undefined;
    readonly metadata?: Metadata | undefined;
    readonly cause?: unknown;
  }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = `GrpcError ${grpcCodeName(init.code)}`;
    this.code = init.code;
    this.details = init.details;
    this.metadata = init.metadata ?? [];
  }
}

/** The deadline of a call has passed, on either side. */
export function deadlineExceeded(): GrpcError {
  return new GrpcError({ code: GrpcCode.DEADLINE_EXCEEDED, message: "the deadline of the call has passed" });
}
