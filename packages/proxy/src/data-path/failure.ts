import { GatewayError, statusOf } from "@prism-data/pattern-sdk/protocol";
import { type HeaderList, statusTrailers, trailersOnly } from "@prism-data/transport";

/** How a call ends that the proxy itself ends: written once, sent as often as needed. */
export interface Failure {
  readonly code: number;
  /** After response headers were sent. */
  readonly trailers: HeaderList;
  /** Instead of response headers. */
  readonly trailersOnly: HeaderList;
}

/** The wire form of an error, with its details. */
export function failureOf(error: GatewayError): Failure {
  const { code, message, details } = statusOf(error);
  const status = statusTrailers(code, message, details);
  const isCompression = error.reason === "COMPRESSION_UNSUPPORTED";
  return failureWith(code, isCompression ? [...status, "grpc-accept-encoding", "identity"] : status);
}

const keptFailures = new WeakMap<GatewayError, Failure>();

/** The same for an error that is kept to be met often: calls beyond a limit must cost less than those within. */
export function failureOfKept(error: GatewayError): Failure {
  const known = keptFailures.get(error) ?? failureOf(error);
  keptFailures.set(error, known);
  return known;
}

/** A status that another specification asks for as it is: it has no reason of the closed list. */
export function plainFailure(code: number, message: string): Failure {
  return failureWith(code, statusTrailers(code, message));
}

function failureWith(code: number, trailers: HeaderList): Failure {
  return { code, trailers, trailersOnly: trailersOnly(trailers) };
}

/** The same for anything that was thrown while a call was routed. */
export function failureOfThrown(thrown: unknown): Failure {
  if (thrown instanceof GatewayError) return failureOf(thrown);
  return failureOf(new GatewayError("INTERNAL", "The call met a defect in the proxy.", { cause: thrown }));
}
