export {
  type ControlSnapshot,
  type ControlState,
  ControlStateError,
  type NamespaceEntry,
  openControlState,
  type StoredNamespace,
} from "@prism-data/control-state";
export { type Address, formatAddress, parseAddress } from "./config/address.js";
export type { BackendConfig, Config, NamespaceConfig } from "./config/config.js";
export { configFileName, type LoadOptions, loadConfig } from "./config/load.js";
export type { ConfigFlags } from "./config/overrides.js";
export { ConfigError, formatProblem, type Problem } from "./config/problem.js";
export { configReference } from "./config/reference.js";
export { configJsonSchema } from "./config/schema.js";
export { Gateway, type GatewayOptions, type ReloadOutcome, StartError, startGateway } from "./gateway.js";
export { configuredOffer } from "./planning/offers.js";
export { type MadePlan, planMessage } from "./planning/plan-message.js";
export { plannedEntry } from "./planning/planned-entry.js";
export { schemaOfFile } from "./planning/schema-state.js";
export { createLog, type Logger, type LogLevel, logLevels } from "./telemetry/log.js";
export type { BackendFailure, NamespaceView } from "./upstream/backends.js";
export type { BackendView } from "./upstream/replicas.js";
export type { StaticDescription, StaticPattern } from "./upstream/static-description.js";
