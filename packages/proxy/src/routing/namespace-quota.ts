import { isDeepStrictEqual } from "node:util";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { TokenBucket } from "@prism-data/transport";
import type { Quota } from "../messages.js";

/** When a caller that has too many calls under way may try again; nobody knows when one of them ends. */
const inFlightRetryAfterMs = 100;

/** Steps of the time after which a namespace that transferred too much may try again, in ms: one answer serves many calls. */
const bytesRetryStepMs = 100;

/** How often what namespaces hold is counted, in ms: before the next count nothing changes. */
export const storageCountIntervalMs = 5_000;

/** What the calls of one namespace have of its quota. */
export class NamespaceQuota {
  readonly quota: Quota;
  readonly #namespace: string;
  readonly #rate: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  /** The last answer to a call beyond each limit. Who calls ten times as often as it may must not cost ten times as much. */
  readonly #answers = new Map<string, GatewayError>();
  #inFlight = 0;
  /** As last counted. */
  storedBytes = 0;

  constructor(namespace: string, quota: Quota) {
    this.#namespace = namespace;
    this.quota = quota;
    const { callsPerSecond, burst, bytesPerSecond } = quota;
    if (callsPerSecond !== undefined && burst !== undefined) this.#rate = new TokenBucket(burst, callsPerSecond);
    if (bytesPerSecond !== undefined) this.#bytes = new TokenBucket(bytesPerSecond, bytesPerSecond);
  }

  /** Lets a call begin, which must `leave` when it is over, or says why it may not. `adds`: it may store more. */
  enter(adds = false): GatewayError | undefined {
    const { storageBytes = Number.POSITIVE_INFINITY } = this.quota;
    if (adds && this.storedBytes >= storageBytes) {
      const advice =
        "What would add is refused. Delete something, or ask the operator for a higher limits.storage_size.";
      return this.#exceeded(`${storageBytes} stored bytes`, advice, storageCountIntervalMs);
    }
    const { callsInFlight = Number.POSITIVE_INFINITY, callsPerSecond = 0, bytesPerSecond = 0 } = this.quota;
    if (this.#inFlight >= callsInFlight) {
      const advice = "Try again when one has ended, or ask the operator for a higher limits.calls_in_flight.";
      return this.#exceeded(`${callsInFlight} calls in flight`, advice, inFlightRetryAfterMs);
    }
    if (this.#rate?.spend() === false) {
      const advice = "Call less often, or ask the operator for a higher limits.calls_per_second.";
      return this.#exceeded(`${callsPerSecond} calls per second`, advice, Math.ceil(1_000 / callsPerSecond));
    }
    if (this.#bytes?.spend() === false) {
      const advice = "Send and ask for less, or ask the operator for a higher limits.bytes_per_second.";
      const waitMs = Math.ceil(this.#bytes.waitMs / bytesRetryStepMs) * bytesRetryStepMs;
      return this.#exceeded(`${bytesPerSecond} bytes per second`, advice, waitMs);
    }
    this.#inFlight += 1;
    return undefined;
  }

  leave(): void {
    this.#inFlight -= 1;
  }

  /** Bytes of its messages passed, in or out. */
  transfer(sizeBytes: number): void {
    this.#bytes?.charge(sizeBytes);
  }

  #exceeded(limit: string, advice: string, retryAfterMs: number): GatewayError {
    const known = this.#answers.get(limit);
    if (known?.retryAfterMs === retryAfterMs) return known;
    const text = `Namespace "${this.#namespace}" has a limit of ${limit}, which is reached. ${advice}`;
    const made = new GatewayError("QUOTA_EXCEEDED", text, {
      metadata: { namespace: this.#namespace },
      retryAfterMs,
      quotaViolations: [{ subject: `namespace:${this.#namespace}`, description: `The limit of ${limit} is reached.` }],
    });
    this.#answers.set(limit, made);
    return made;
  }
}

/** The quotas of all namespaces. What is used of one stays used when the routes change. */
export class NamespaceQuotas {
  readonly #byNamespace = new Map<string, NamespaceQuota>();
  #stored: ReadonlyMap<string, number> = new Map();

  /** That of a namespace; a changed one begins anew. */
  of(namespace: string, quota: Quota | undefined): NamespaceQuota | undefined {
    const known = this.#byNamespace.get(namespace);
    if (quota === undefined) {
      this.#byNamespace.delete(namespace);
      return undefined;
    }
    if (known !== undefined && isDeepStrictEqual(known.quota, quota)) return known;
    const made = new NamespaceQuota(namespace, quota);
    made.storedBytes = this.#stored.get(namespace) ?? 0;
    this.#byNamespace.set(namespace, made);
    return made;
  }

  /** What namespaces hold was counted. */
  stored(bytes: ReadonlyMap<string, number>): void {
    this.#stored = bytes;
    for (const [namespace, quota] of this.#byNamespace) quota.storedBytes = bytes.get(namespace) ?? 0;
  }
}
