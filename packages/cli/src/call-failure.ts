import { type GatewayError, gatewayErrorOf } from "@prism-data/pattern-sdk/protocol";
import { GrpcError, grpcCodeName } from "@prism-data/transport";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";

/** Says why a call failed: what was tried, the proxy's own words, the code and reason, and when to try again. */
export function callFailureOf(error: unknown, tried: string): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (!(error instanceof GrpcError)) throw error;
  const failure = gatewayErrorOf(error);
  const code = grpcCodeName(error.code);
  // A reason that the answer did not carry would be a guess.
  const reason = error.details === undefined ? undefined : failure.reason;
  const head = `could not ${tried}: ${failure.message} (${reason === undefined ? code : `${code}, ${reason}`})`;
  return new CommandFailure(ExitCode.failed, [head, ...adviceOf(failure)].join("\n"), {
    facts: { code, reason, ...factsOf(failure) },
    cause: error,
  });
}

function adviceOf(failure: GatewayError): string[] {
  const { fieldViolations, retryAfterMs } = failure;
  // A single one is what the message says already.
  const violations = fieldViolations.length > 1 ? fieldViolations : [];
  return [
    ...violations.map(({ field, description }) => `  ${field}: ${description}`),
    ...(retryAfterMs === undefined ? [] : [`  try again in ${retryAfterMs} ms`]),
  ];
}

function factsOf({ metadata, retryAfterMs, fieldViolations }: GatewayError): Record<string, unknown> {
  return {
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(fieldViolations.length > 0 && { fieldViolations }),
  };
}
