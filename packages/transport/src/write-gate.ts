import type { GrpcError } from "./grpc-error.js";

/** Lets the writer of a stream wait until what it has written went out far enough. */
export class WriteGate {
  #state: { readonly kind: "open" | "shut" } | { readonly kind: "failed"; readonly error: GrpcError } = {
    kind: "open",
  };
  #waiting: PromiseWithResolvers<void>[] = [];

  /** Takes the answer of sendData and passes it on. */
  note(hasRoom: boolean): boolean {
    if (this.#state.kind === "failed") return false;
    if (!hasRoom) this.#state = { kind: "shut" };
    return hasRoom;
  }

  open(): void {
    if (this.#state.kind !== "shut") return;
    this.#state = { kind: "open" };
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  fail(error: GrpcError): void {
    if (this.#state.kind === "failed") return;
    this.#state = { kind: "failed", error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  wait(): Promise<void> {
    if (this.#state.kind === "open") return Promise.resolve();
    if (this.#state.kind === "failed") return Promise.reject(this.#state.error);
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }
}
