import { LocalServerError } from "../local-server-error.js";
import { isFree } from "../loopback-port.js";
import type { Ports, ServerKind } from "../server-kind.js";

/** Whoever has so many servers beside each other has lost count. */
const triesMax = 100;

/** Gives each server of a stack ports of its own, also while several look at once. */
export class StackPorts {
  readonly #looked = new Set<number>();

  /** The ports a server had before; or else the standard ones, or for each that is taken the next one above that is free. */
  async choose({ standardPorts }: ServerKind, before: Ports | undefined): Promise<Ports> {
    if (before !== undefined && (await this.#claimAll(before))) return before;
    const [first, ...more] = standardPorts;
    return [await this.#claimFrom(first), ...(await Promise.all(more.map((port) => this.#claimFrom(port))))];
  }

  async #claimAll(ports: Ports): Promise<boolean> {
    return (await Promise.all(ports.map((port) => this.#claim(port)))).every(Boolean);
  }

  async #claimFrom(standard: number): Promise<number> {
    const end = standard + triesMax;
    for (let port = standard; port < end; port++) if (await this.#claim(port)) return port;
    throw new LocalServerError(`None of the ports ${standard} to ${end - 1} of 127.0.0.1 is free.`);
  }

  async #claim(port: number): Promise<boolean> {
    if (this.#looked.has(port)) return false;
    // Before the look, which others do not wait for.
    this.#looked.add(port);
    return isFree(port);
  }
}
