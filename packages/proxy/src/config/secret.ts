import { Veiled } from "./veiled.js";

/** A password. */
export class Secret extends Veiled<string> {
  constructor(value: string) {
    super(value, "[secret]");
  }
}
