import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { GrpcCode, Http2ErrorCode } from "@prism-data/transport";
import type { NamespaceReading } from "../routing/namespace-field.js";
import { type Failure, failureOf, plainFailure } from "./failure.js";
import { overloadRetryAfterMs } from "./limits.js";
import type { FramingProblem } from "./message-framing.js";

/** A request whose namespace could not be read. */
export function unreadable({ reason, message }: NamespaceReading & { kind: "refused" }): Failure {
  const text = `The namespace could not be read: ${message}.`;
  const fieldViolations = reason === "INVALID_FIELD" ? [{ field: "namespace", description: message }] : [];
  return failureOf(new GatewayError(reason, text, { fieldViolations }));
}

export function compressionUnsupported(): Failure {
  return failureOf(
    new GatewayError(
      "COMPRESSION_UNSUPPORTED",
      "Compressed messages are not accepted here; send with encoding identity.",
    ),
  );
}

export function messageTooLarge(sizeBytes: number, sizeBytesMax: number): Failure {
  return failureOf(
    new GatewayError(
      "MESSAGE_TOO_LARGE",
      `The request message announces ${sizeBytes} bytes; at most ${sizeBytesMax} are accepted. Send less in one call, or raise limits.message_size.`,
      { metadata: { size_bytes: String(sizeBytes), limit_bytes: String(sizeBytesMax) } },
    ),
  );
}

/** A request that is not made of messages which are passed on. */
export function badFraming(problem: FramingProblem, sizeBytesMax: number): Failure {
  return problem.kind === "compressed" ? compressionUnsupported() : messageTooLarge(problem.sizeBytes, sizeBytesMax);
}

export function noFirstMessage(): Failure {
  return failureOf(new GatewayError("DEADLINE_EXCEEDED", "No message came on the call that could tell its namespace."));
}

export function deadlineExceeded(waitedFor: string): Failure {
  return failureOf(new GatewayError("DEADLINE_EXCEEDED", deadlineMessage(waitedFor)));
}

/** On a plugin's own service: the status that its server answers with at the same moment, without details of Prism's. */
export function plainDeadlineExceeded(waitedFor: string): Failure {
  return plainFailure(GrpcCode.DEADLINE_EXCEEDED, deadlineMessage(waitedFor));
}

function deadlineMessage(waitedFor: string): string {
  return `The deadline passed while the call waited for ${waitedFor}. A write may or may not have been applied.`;
}

export function callsOverloaded(callsMax: number): Failure {
  return failureOf(
    new GatewayError(
      "OVERLOADED",
      `The proxy holds as many calls as it may (${callsMax}, or their bytes); come again later.`,
      {
        retryAfterMs: overloadRetryAfterMs,
      },
    ),
  );
}

export function pluginOverloaded(backend: string): Failure {
  return failureOf(
    new GatewayError(
      "OVERLOADED",
      `The plugin of backend "${backend}" has as many calls waiting as it may; come again later.`,
      {
        metadata: { backend },
        retryAfterMs: overloadRetryAfterMs,
      },
    ),
  );
}

/** The plugin answered, but not as a gRPC server does. */
export function notGrpc(backend: string, httpStatus: string): Failure {
  return failureOf(
    new GatewayError(
      "BACKEND_FAILED",
      `The plugin of backend "${backend}" answered HTTP ${httpStatus} instead of gRPC.`,
      {
        metadata: { backend },
      },
    ),
  );
}

export function endedWithoutStatus(backend: string): Failure {
  return failureOf(
    new GatewayError("BACKEND_FAILED", `The plugin of backend "${backend}" ended its answer without a gRPC status.`, {
      metadata: { backend },
    }),
  );
}

/** The plugin gave the call up with RST_STREAM (PROTOCOL-HTTP2.md, "Errors"). */
export function resetByPlugin(backend: string, errorCode: number): Failure {
  const metadata = { backend, http2_error: String(errorCode) };
  const text = `The plugin of backend "${backend}" gave the call up (HTTP/2 error ${errorCode}).`;
  switch (errorCode) {
    case Http2ErrorCode.REFUSED_STREAM:
      return failureOf(new GatewayError("PLUGIN_UNAVAILABLE", text, { metadata }));
    case Http2ErrorCode.CANCEL:
      return failureOf(new GatewayError("CANCELLED", text, { metadata }));
    case Http2ErrorCode.ENHANCE_YOUR_CALM:
      return failureOf(new GatewayError("OVERLOADED", text, { metadata }));
    default:
      return failureOf(new GatewayError("BACKEND_FAILED", text, { metadata }));
  }
}

export function answerTooLarge(sizeBytesMax: number): Failure {
  const text = `The answer is larger than ${sizeBytesMax} bytes, the most that HTTP/JSON serves; ask for less, or use gRPC.`;
  return failureOf(new GatewayError("MESSAGE_TOO_LARGE", text));
}

export function answersTooLarge(): Failure {
  const text = "The proxy holds as many answers for HTTP/JSON as it may; come again later.";
  return failureOf(new GatewayError("OVERLOADED", text, { retryAfterMs: overloadRetryAfterMs }));
}

export function compressedAnswer(): Failure {
  const text = "The plugin's answer to a unary call is not one uncompressed message.";
  return failureOf(new GatewayError("BACKEND_FAILED", text));
}
