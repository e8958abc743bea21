import type { JetStream } from "./jet-stream.js";

/**
 * What newer messages have replaced. JetStream removes it with each write, except when it is killed just between: then the older message
 * would be the last of its subject again once the newer one has gone by its time to live.
 *
 * Invariant: a server that may have been killed since is not read before it has none.
 */
export class Replaced {
  readonly #remove: () => Promise<void>;
  #gone: Promise<void> | undefined;

  constructor(jetStream: JetStream, { stream, subjects }: { readonly stream: string; readonly subjects: string }) {
    this.#remove = () => jetStream.removeReplaced(stream, subjects);
  }

  /** Removes what there is, unless that was done since the server was last seen to go. Calls of one moment share it. */
  areGone(): Promise<void> {
    this.#gone ??= this.#remove().catch((error) => {
      this.#gone = undefined;
      throw error;
    });
    return this.#gone;
  }

  /** The server has gone: it may come back with some. */
  forget(): void {
    this.#gone = undefined;
  }
}
