import { GatewayError, type Reason } from "@prism-data/pattern-sdk";

/** Leaders move and brokers come back within about this. */
const retryAfterMs = 500;

interface Translation {
  readonly reason: Reason;
  readonly advice: string;
}

const unavailable: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice:
    "The plugin goes on trying by itself; a write may or may not have been applied. Check that the brokers run and that `brokers` names them.",
};
const undurable: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice:
    "Fewer replicas are in sync than min.insync.replicas asks for. Bring the brokers back; the record may be there or not.",
};
const denied: Translation = {
  reason: "BACKEND_DENIED",
  advice: "Check sasl in the settings and the ACLs of the user; the plugin's README lists what it needs.",
};
const refused: Translation = {
  reason: "INVALID_SETTINGS",
  advice: "Change the namespace's options, replication_factor or session_timeout to what the brokers take.",
};
const failing: Translation = {
  reason: "BACKEND_FAILED",
  advice: "See the cause in the plugin's log and the log of the brokers.",
};

/** By the type of an error that a broker answers. Source: Kafka's `Errors`, as kafkajs spells them. */
const answers: Readonly<Record<string, Translation>> = {
  NOT_ENOUGH_REPLICAS: undurable,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: undurable,
  TOPIC_AUTHORIZATION_FAILED: denied,
  GROUP_AUTHORIZATION_FAILED: denied,
  CLUSTER_AUTHORIZATION_FAILED: denied,
  SASL_AUTHENTICATION_FAILED: denied,
  ILLEGAL_SASL_STATE: denied,
  UNSUPPORTED_SASL_MECHANISM: denied,
  INVALID_REPLICATION_FACTOR: refused,
  INVALID_PARTITIONS: refused,
  INVALID_CONFIG: refused,
  INVALID_SESSION_TIMEOUT: refused,
  POLICY_VIOLATION: refused,
};

/** Errors that kafkajs finds by itself when brokers are away. */
const awayNames = new Set([
  "KafkaJSConnectionError",
  "KafkaJSConnectionClosedError",
  "KafkaJSBrokerNotFound",
  "KafkaJSRequestTimeoutError",
  "KafkaJSLockTimeout",
  "KafkaJSMetadataNotLoaded",
  "KafkaJSTopicMetadataNotLoaded",
  "KafkaJSGroupCoordinatorNotFound",
  "KafkaJSTimeout",
]);

/** What kafkajs wraps an error in after its last try; the second one also around the first. */
const wrapperNames = new Set(["KafkaJSNumberOfRetriesExceeded", "KafkaJSNonRetriableError"]);

/** The error behind what kafkajs says after its last try. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && wrapperNames.has(root.name) && root.cause !== undefined) root = root.cause;
  return root;
}

/** The type of the error that a broker answered. `undefined`: it is no answer. */
export function answerOf(error: unknown): string | undefined {
  const root = rootOf(error);
  if (!(root instanceof Error)) return undefined;
  if (root.name === "KafkaJSSASLAuthenticationError") return "SASL_AUTHENTICATION_FAILED";
  // Of several topics; the plugin asks for one.
  if ("errors" in root && Array.isArray(root.errors)) return answerOf(root.errors[0]);
  return "type" in root && typeof root.type === "string" ? root.type : undefined;
}

/** Whether trying again may help: leaders move, brokers come back. */
export function isPassing(error: unknown): boolean {
  const root = rootOf(error);
  if (!(root instanceof Error)) return false;
  if (awayNames.has(root.name)) return true;
  const translation = answers[answerOf(root) ?? ""];
  if (translation !== undefined) return translation === undurable;
  return "retriable" in root && root.retriable === true;
}

/** Translates an error of kafkajs; `what` says what was tried, as a noun. An error that is translated already stays as it is. */
export function translated(what: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const root = rootOf(error);
  const message = root instanceof Error ? root.message : String(root);
  const { reason, advice } = answers[answerOf(root) ?? ""] ?? (isPassing(root) ? unavailable : failing);
  const options = reason === "BACKEND_UNAVAILABLE" ? { retryAfterMs, cause: error } : { cause: error };
  return new GatewayError(reason, `Kafka did not do ${what}: ${message}. ${advice}`, options);
}

/** No broker answers. */
export function brokersAway(message: string): GatewayError {
  return new GatewayError("BACKEND_UNAVAILABLE", `No broker of Kafka answers: ${message}. ${unavailable.advice}`, {
    retryAfterMs,
  });
}

/** kafkajs said that a send succeeded, but not for the partition that was asked for. Source: kafkajs issue 1303. */
export function unconfirmed(topic: string, partition: number): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `The brokers did not confirm a record of partition ${partition} of ${topic}; it may be there or not. Try again.`,
    { retryAfterMs },
  );
}

/** The caller stopped waiting between two steps of a call. */
export function callAbandoned(): GatewayError {
  return new GatewayError("CANCELLED", "The caller stopped waiting, or its deadline has passed.");
}

/** A group goes on elsewhere, or not yet again: what was acknowledged is not committed. */
export function membershipLost(groupId: string): GatewayError {
  const message = `The group ${groupId} is being joined anew; what was acknowledged last may be delivered again. Subscribe again.`;
  return new GatewayError("BACKEND_UNAVAILABLE", message, { retryAfterMs });
}

/** The brokers forget a group sooner than its namespace asks for. */
export function groupsForgotten(
  namespace: string,
  { wantedMs, keptMs }: { wantedMs: number; keptMs: number },
): GatewayError {
  return new GatewayError(
    "DURABILITY_MISSING",
    `namespaces.${JSON.stringify(namespace)}.options.retention_period is ${wantedMs / 60_000} minutes, but the brokers forget a ` +
      `group that nobody is in after ${keptMs / 60_000}: raise their offsets.retention.minutes, or shorten the period.`,
    { metadata: { namespace } },
  );
}

/** A topic was changed by somebody else, so that it cannot be used. */
export function topicUnlike(topic: string, what: string): GatewayError {
  return new GatewayError(
    "INVALID_SETTINGS",
    `The topic ${topic} ${what}. Remove it if what it holds is not needed, or use another namespace or topic_prefix.`,
  );
}

/** Brokers that can be reached, and say nothing. */
export function silent(forMs: number): Error {
  return new Error(`nothing has come from a broker for ${forMs / 1_000} s`);
}

/** A partition that has no leader now; as kafkajs says it of others. */
export function leaderless(topic: string): Error {
  const error = new Error(`a partition of ${topic} has no leader now`);
  error.name = "KafkaJSMetadataNotLoaded";
  return error;
}
