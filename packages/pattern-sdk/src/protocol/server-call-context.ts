import { headerValue, type ServerCall } from "@prism-data/transport";
import type { CallContext } from "../call-context.js";

/** A `CallContext` that reads from the transport's call when it is asked: most calls look at nothing. */
export class ServerCallContext implements CallContext {
  readonly namespace: string;
  readonly #call: ServerCall;
  readonly #signal: AbortSignal | undefined;

  /** `signal` stands for the call's own when the SDK has further reasons to end the work. */
  constructor(namespace: string, call: ServerCall, signal?: AbortSignal) {
    this.namespace = namespace;
    this.#call = call;
    this.#signal = signal;
  }

  get deadlineMs(): number | undefined {
    return this.#call.deadlineMs;
  }

  get signal(): AbortSignal {
    return this.#signal ?? this.#call.signal;
  }

  get principal(): string | undefined {
    const header = headerValue(this.#call.metadata, "prism-principal");
    return header === undefined ? undefined : (percentDecoded(header) ?? header);
  }

  get requestId(): string | undefined {
    return headerValue(this.#call.metadata, "prism-request-id");
  }
}

/** Undoes percent-encoding. `undefined`: the text is not percent-encoded UTF-8. */
export function percentDecoded(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
