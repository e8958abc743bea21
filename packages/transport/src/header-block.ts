import type { HeaderList } from "./header-list.js";
import { requestFault, responseFault, trailersFault } from "./header-rules.js";

const unchecked = Symbol("unchecked");
type Verdict = string | undefined | typeof unchecked;

/** A decoded header block. Blocks are shared between calls that send the same bytes, so each rule is checked once. */
export class HeaderBlock {
  readonly headers: HeaderList;
  /** RFC 9113 section 6.5.2: names and values plus 32 bytes a field. */
  readonly sizeBytes: number;
  /** Over the limit: the fields beyond it are missing. */
  readonly tooLarge: boolean;
  readonly #fieldFault: string | undefined;
  #request: Verdict = unchecked;
  #response: Verdict = unchecked;
  #trailers: Verdict = unchecked;

  constructor(headers: HeaderList, sizeBytes: number, tooLarge: boolean, fieldFault: string | undefined) {
    this.headers = headers;
    this.#fieldFault = fieldFault;
    this.sizeBytes = sizeBytes;
    this.tooLarge = tooLarge;
  }

  get requestFault(): string | undefined {
    if (this.#request === unchecked) this.#request = this.#fieldFault ?? requestFault(this.headers);
    return this.#request;
  }

  get responseFault(): string | undefined {
    if (this.#response === unchecked) this.#response = this.#fieldFault ?? responseFault(this.headers);
    return this.#response;
  }

  get trailersFault(): string | undefined {
    if (this.#trailers === unchecked) this.#trailers = this.#fieldFault ?? trailersFault(this.headers);
    return this.#trailers;
  }
}
