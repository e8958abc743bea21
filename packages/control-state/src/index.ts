export type {
  ControlListener,
  ControlSnapshot,
  ControlState,
  Reachability,
  Write,
  WriteOptions,
  Written,
} from "./control-state.js";
export type { DisabledBackend } from "./disabled-backend.js";
export { type Conflict, type ConflictProblem, ControlStateError, type ControlStateReason } from "./errors.js";
export type { ControlStateLocation, PostgresLocation, PostgresTls, SqliteLocation } from "./location.js";
export { type ControlStateLog, type OpenOptions, openControlState } from "./open-control-state.js";
export type { Deletion, JsonValue, NamespaceEntry, StoredNamespace, StoredSchema } from "./stored-namespace.js";
