/** A backend that an operator has taken out of service. */
export interface DisabledBackend {
  readonly name: string;
  /** Why, in the operator's words; may be empty. */
  readonly reason: string;
  /** In ms since 1970. */
  readonly disableTimeMs: number;
}

/** What becomes of a backend. */
export interface BackendSwitch {
  readonly name: string;
  /** `undefined`: it is back in service. */
  readonly disabled: { readonly reason: string } | undefined;
  readonly nowMs: number;
}

/** PostgreSQL gives its large numbers as text. */
export interface DisabledBackendRow {
  readonly name: string;
  readonly reason: string;
  readonly disable_time_ms: number | string;
}

/** Reads a row. */
export function toDisabledBackend({ name, reason, disable_time_ms: timeMs }: DisabledBackendRow): DisabledBackend {
  return { name, reason, disableTimeMs: Number(timeMs) };
}
