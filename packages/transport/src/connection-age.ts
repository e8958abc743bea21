/** gRFC A9: connections that were made together must not end together. */
const jitter = 0.1;

/** Ends a connection that has lived for long, so that its client looks anew for where to connect (gRFC A9). */
export class ConnectionAge {
  #timer: NodeJS.Timeout;

  /**
   * `onOld`: the connection is to take no new calls, within a tenth of the age before or after it. `onOverdue`: the grace
   * for those it has is over, too.
   */
  constructor(options: {
    readonly maxAgeMs: number;
    readonly graceMs: number;
    readonly onOld: () => void;
    readonly onOverdue: () => void;
    readonly random?: () => number;
  }) {
    const { maxAgeMs, graceMs, onOld, onOverdue, random = Math.random } = options;
    this.#timer = setTimeout(
      () => {
        this.#timer = setTimeout(onOverdue, graceMs).unref();
        onOld();
      },
      maxAgeMs * (1 - jitter + 2 * jitter * random()),
    ).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
