import { inspect, isDeepStrictEqual } from "node:util";

/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A map that JSON can hold. */
export type JsonMap = Readonly<Record<string, JsonValue>>;

/** What is shown in place of settings, which may hold secrets. */
const veil = "[settings]";

/** A backend's settings with their secrets in place. Wrapped, so that no log line, error or dump shows them by accident. */
export class Settings {
  readonly #value: JsonMap;

  constructor(value: JsonMap) {
    this.#value = value;
  }

  /** The settings, for the plugin's eyes only. */
  reveal(): JsonMap {
    return this.#value;
  }

  equals(other: Settings): boolean {
    return isDeepStrictEqual(this.#value, other.#value);
  }

  toJSON(): string {
    return veil;
  }

  toString(): string {
    return veil;
  }

  [inspect.custom](): string {
    return veil;
  }
}
