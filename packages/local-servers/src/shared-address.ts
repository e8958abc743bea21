import type { Environment, ServerKind } from "./server-kind.js";

/** The variable that names the server of a kind that a test run shares. */
export function sharedAddressVariable({ name }: ServerKind): string {
  return name === "kafka" ? "PRISM_TEST_KAFKA_BROKERS" : `PRISM_TEST_${name.toUpperCase()}_URL`;
}

/**
 * Where the tests of a run find the server of this kind that they share: a URL, or for Kafka `host:port`, several with commas.
 * Throws without one: a missing server is no reason to prove less.
 */
export function sharedAddress(kind: ServerKind, environment: Environment): string {
  const variable = sharedAddressVariable(kind);
  const address = environment[variable];
  if (address !== undefined && address !== "") return address;
  throw new Error(
    `${variable} does not name a server to test with. Run the tests through vitest's projects, or \`make test\`.`,
  );
}
