import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { DisabledBackendConfig } from "../config/config.js";
import { unknownHealth } from "./health-watch.js";
import type { BindingState } from "./namespace-bindings.js";
import type { BackendView } from "./replicas.js";

/** What operators see of a backend that is out of service and whose process has ended. */
export function disabledView({ backend, reason, disableTimeMs }: DisabledBackendConfig): BackendView {
  return {
    name: backend.name,
    plugin: backend.plugin,
    version: backend.program.package?.version ?? "",
    state: "disabled",
    detail: reason,
    stateSinceMs: disableTimeMs,
    pid: 0,
    restarts: 0,
    health: unknownHealth,
    description: undefined,
    replicas: [],
    replicaBounds: backend.replicas,
  };
}

/** Why a namespace on it takes no calls. */
export function disabledBinding(disabled: DisabledBackendConfig): BindingState {
  return { state: "failed", reason: whyDisabled(disabled), refusedAs: "BACKEND_DISABLED" };
}

/** The failure of what needs its plugin. */
export function disabledError(disabled: DisabledBackendConfig): GatewayError {
  const metadata = { backend: disabled.backend.name };
  return new GatewayError("BACKEND_DISABLED", sentence(whyDisabled(disabled)), { metadata });
}

function whyDisabled({ backend: { name }, reason }: DisabledBackendConfig): string {
  const why = reason === "" ? "" : ` (${reason})`;
  return `backend ${name} is disabled by an operator${why}; \`prism backend enable ${name}\` takes it back into service`;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}
