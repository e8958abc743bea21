import assert from "node:assert/strict";
import { type ClientCall, GrpcError } from "@prism-data/transport";
import { type Change, ChangeKind, WatchResponse } from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { decodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { eventually } from "../eventually.js";

/** One change, as the wire said it. */
export type WireChange = Change;

/** An open watch: collects the changes that arrive. */
export class KeyValueWatch {
  /** What has arrived so far, in order. */
  readonly changes: WireChange[] = [];
  /** How the watch ended: the error (a `GatewayError` if the wire said so), or `undefined` when it ended without one. */
  readonly ended: Promise<unknown>;
  readonly #call: ClientCall;
  #started = false;
  #end: { readonly error: unknown } | undefined;

  private constructor(call: ClientCall) {
    this.#call = call;
    this.ended = this.#collect().then((error) => {
      this.#end = { error };
      return error;
    });
  }

  static async open(call: ClientCall, request: Uint8Array): Promise<KeyValueWatch> {
    call.write(request);
    call.end();
    const watch = new KeyValueWatch(call);
    await eventually("the watch is in place", () => watch.#started || watch.#end !== undefined);
    if (watch.#end?.error !== undefined) throw watch.#end.error;
    return watch;
  }

  /** Waits until enough has arrived. */
  async until(what: string, isEnough: (changes: readonly WireChange[]) => boolean): Promise<readonly WireChange[]> {
    await eventually(`${what} (arrived: ${this.changes.length} changes)`, () => {
      if (this.#end !== undefined) throw this.#end.error ?? new Error("The watch ended.");
      return isEnough(this.changes);
    });
    return this.changes;
  }

  /** Waits until a change of this key has arrived. */
  untilKey(key: string): Promise<readonly WireChange[]> {
    return this.until(`a change of ${key} arrives`, (changes) => changes.some((change) => change.key === key));
  }

  cancel(): void {
    this.#call.cancel();
  }

  async #collect(): Promise<unknown> {
    try {
      for await (const message of this.#call.messages())
        this.#take(decodeMessage(WatchResponse, message, "WatchResponse"));
      return undefined;
    } catch (error) {
      return error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  #take({ event }: WatchResponse): void {
    assert.equal(event?.$case === "started", !this.#started, "started is the first event, and comes once");
    this.#started = true;
    if (event?.$case === "change") this.changes.push(event.value);
  }
}

const kindNames: Readonly<Record<number, string>> = {
  [ChangeKind.SET]: "set",
  [ChangeKind.DELETED]: "deleted",
  [ChangeKind.EXPIRED]: "expired",
};

/** A change as a short text, for comparing: `set KEY=VALUE`, `deleted KEY`, `expired KEY`. */
export function changeText({ kind, key, value }: WireChange): string {
  const name = kindNames[kind] ?? `kind ${kind}`;
  return kind === ChangeKind.SET ? `${name} ${key}=${Buffer.from(value)}` : `${name} ${key}`;
}
