import { decodeMessage, encodeMessage, GatewayError, health } from "@prism-data/pattern-sdk/protocol";
import { GrpcCode } from "@prism-data/transport";
import type { Answer, BuiltInMethod, Responder } from "./built-in-call.js";
import { failureOf, failureOfThrown, plainFailure } from "./failure.js";

/** How a service is; `undefined`: there is none of that name. The empty name is the proxy as a whole. */
export type ServiceHealth = "serving" | "not-serving" | undefined;

export const healthServiceName = "grpc.health.v1.Health";

const noMessage = failureOf(new GatewayError("MALFORMED_MESSAGE", "The call ended without a request message."));

type WireStatus = health.HealthCheckResponse_ServingStatus;
const status = health.HealthCheckResponse_ServingStatus;

/** `grpc.health.v1.Health` (github.com/grpc/grpc, doc/health-checking.md). */
export class HealthService {
  readonly #healthOf: (service: string) => ServiceHealth;
  readonly #watchers = new Set<Watcher>();

  constructor(healthOf: (service: string) => ServiceHealth) {
    this.#healthOf = healthOf;
  }

  methods(): [path: string, method: BuiltInMethod][] {
    return [
      [`/${healthServiceName}/Check`, (answer) => this.#check(answer)],
      [`/${healthServiceName}/Watch`, (answer) => this.#watch(answer)],
    ];
  }

  /** Something changed that may change the health of a service. */
  changed(): void {
    for (const watcher of this.#watchers) watcher.tell(this.#healthOf(watcher.service));
  }

  #check(answer: Answer): Responder {
    return onOneRequest(answer, (service) => {
      const found = this.#healthOf(service);
      if (found === undefined) {
        answer.fail(plainFailure(GrpcCode.NOT_FOUND, `There is no service "${service}" here.`));
        return;
      }
      answer.send(encodeStatus(wireStatus(found)));
      answer.end();
    });
  }

  #watch(answer: Answer): Responder {
    let watcher: Watcher | undefined;
    const responder = onOneRequest(answer, (service) => {
      watcher = new Watcher(service, answer);
      this.#watchers.add(watcher);
      watcher.tell(this.#healthOf(service));
    });
    return { ...responder, onEnd() {}, onClose: () => watcher !== undefined && this.#watchers.delete(watcher) };
  }
}

/** One Watch call: it hears of changes only. */
class Watcher {
  readonly service: string;
  readonly #answer: Answer;
  #told: WireStatus | undefined;

  constructor(service: string, answer: Answer) {
    this.service = service;
    this.#answer = answer;
  }

  tell(found: ServiceHealth): void {
    const next = found === undefined ? status.SERVICE_UNKNOWN : wireStatus(found);
    if (next === this.#told) return;
    this.#told = next;
    this.#answer.send(encodeStatus(next));
  }
}

function wireStatus(found: "serving" | "not-serving"): WireStatus {
  return found === "serving" ? status.SERVING : status.NOT_SERVING;
}

function encodeStatus(value: WireStatus): Uint8Array {
  return encodeMessage(health.HealthCheckResponse, { status: value });
}

/** Both methods take one message: the name of a service. */
function onOneRequest(answer: Answer, serve: (service: string) => void): Responder {
  let served = false;
  return {
    onMessage(message) {
      if (served) return;
      served = true;
      try {
        serve(decodeMessage(health.HealthCheckRequest, message, "grpc.health.v1.HealthCheckRequest").service);
      } catch (error) {
        answer.fail(failureOfThrown(error));
      }
    },
    onEnd() {
      if (!served) answer.fail(noMessage);
    },
    onClose() {},
  };
}
