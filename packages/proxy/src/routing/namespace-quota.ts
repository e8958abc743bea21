import { isDeepStrictEqual } from "node:util";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { TokenBucket } from "@prism-data/transport";
import type { Quota } from "../messages.js";

/** When a caller that has too many calls under way may try again; nobody knows when one of them ends. */
const inFlightRetryAfterMs = 100;

/** What the calls of one namespace have of its quota. */
export class NamespaceQuota {
  readonly quota: Quota;
  readonly #namespace: string;
  readonly #rate: TokenBucket | undefined;
  #inFlight = 0;

  constructor(namespace: string, quota: Quota) {
    this.#namespace = namespace;
    this.quota = quota;
    const { callsPerSecond, burst } = quota;
    if (callsPerSecond !== undefined && burst !== undefined) this.#rate = new TokenBucket(burst, callsPerSecond);
  }

  /** Lets a call begin, which must `leave` when it is over, or says why it may not. */
  enter(): GatewayError | undefined {
    const { callsInFlight = Number.POSITIVE_INFINITY, callsPerSecond = 0 } = this.quota;
    if (this.#inFlight >= callsInFlight) {
      const advice = "Try again when one has ended, or ask the operator for a higher limits.calls_in_flight.";
      return this.#exceeded(`${callsInFlight} calls in flight`, advice, inFlightRetryAfterMs);
    }
    if (this.#rate?.spend() === false) {
      const advice = "Call less often, or ask the operator for a higher limits.calls_per_second.";
      return this.#exceeded(`${callsPerSecond} calls per second`, advice, Math.ceil(1_000 / callsPerSecond));
    }
    this.#inFlight += 1;
    return undefined;
  }

  leave(): void {
    this.#inFlight -= 1;
  }

  #exceeded(limit: string, advice: string, retryAfterMs: number): GatewayError {
    const text = `Namespace "${this.#namespace}" has a limit of ${limit}, which is reached. ${advice}`;
    return new GatewayError("QUOTA_EXCEEDED", text, {
      metadata: { namespace: this.#namespace },
      retryAfterMs,
      quotaViolations: [{ subject: `namespace:${this.#namespace}`, description: `The limit of ${limit} is reached.` }],
    });
  }
}

/** The quotas of all namespaces. What is used of one stays used when the routes change. */
export class NamespaceQuotas {
  readonly #byNamespace = new Map<string, NamespaceQuota>();

  /** That of a namespace; a changed one begins anew. */
  of(namespace: string, quota: Quota | undefined): NamespaceQuota | undefined {
    const known = this.#byNamespace.get(namespace);
    if (quota === undefined) {
      this.#byNamespace.delete(namespace);
      return undefined;
    }
    if (known !== undefined && isDeepStrictEqual(known.quota, quota)) return known;
    const made = new NamespaceQuota(namespace, quota);
    this.#byNamespace.set(namespace, made);
    return made;
  }
}
