import { isDeepStrictEqual } from "node:util";
import { Veiled } from "./veiled.js";

/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A map that JSON can hold. */
export type JsonMap = Readonly<Record<string, JsonValue>>;

/** A backend's settings with their secrets in place, for the plugin's eyes only. */
export class Settings extends Veiled<JsonMap> {
  constructor(value: JsonMap) {
    super(value, "[settings]");
  }

  equals(other: Settings): boolean {
    return isDeepStrictEqual(this.reveal(), other.reveal());
  }
}
