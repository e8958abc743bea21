import type { CallOptions } from "./grpc-client-call.js";
import { appendMetadata, type Metadata } from "./grpc-metadata.js";
import { encodeTimeout } from "./grpc-timeout.js";
import type { HeaderList } from "./header-list.js";

/** Calls repeat their paths; a client that invents them must not fill memory. */
const maxRememberedPaths = 1000;

/** PROTOCOL-HTTP2.md, "Requests": the headers of one client's calls. The same list is returned for the same call. */
export class RequestHeaders {
  readonly #scheme: "http" | "https";
  readonly #authority: string;
  readonly #metadata: Metadata;
  readonly #plain = new Map<string, HeaderList>();

  constructor(of: { scheme: "http" | "https"; authority: string; metadata: Metadata }) {
    this.#scheme = of.scheme;
    this.#authority = of.authority;
    this.#metadata = of.metadata;
  }

  of(path: string, options: CallOptions): HeaderList {
    const plain = this.#plainFor(path);
    if (options.timeoutMs === undefined && options.metadata === undefined) return plain;
    const headers = [...plain];
    if (options.timeoutMs !== undefined) headers.push("grpc-timeout", encodeTimeout(options.timeoutMs));
    if (options.metadata !== undefined) appendMetadata(headers, options.metadata);
    return headers;
  }

  #plainFor(path: string): HeaderList {
    let headers = this.#plain.get(path);
    if (headers === undefined) {
      headers = this.#make(path);
      if (this.#plain.size >= maxRememberedPaths) this.#plain.clear();
      this.#plain.set(path, headers);
    }
    return headers;
  }

  #make(path: string): HeaderList {
    const headers = [":method", "POST", ":scheme", this.#scheme, ":path", path, ":authority", this.#authority];
    headers.push("te", "trailers", "content-type", "application/grpc", "user-agent", "grpc-node-prism/0.1");
    appendMetadata(headers, this.#metadata);
    return Object.freeze(headers);
  }
}
