import { type ChildProcess, fork } from "node:child_process";
import { GatewayError } from "@prism-data/pattern-sdk";
import type { ConnectionAnswers, ConnectionRequest, ConnectionResponse } from "./connection-messages.js";
import { ConnectionError, namespaceClosed } from "./sql-errors.js";

/** How long a statement whose caller has gone may take to end by itself: a new process costs more than what most still need. */
const stopGraceMs = 200;

/** How long a process may take to close its file. */
const closeTimeoutMs = 2_000;

type AnswerTo<Request extends ConnectionRequest> = ConnectionAnswers[Request["kind"]];

/**
 * A process that runs statements on one file, one request at a time. SQLite cannot be told from outside to stop a statement;
 * a process can: the file is then as if its transaction had never begun.
 */
export class Connection {
  /** Settles when the process is gone, whatever ended it. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  #pending: PromiseWithResolvers<ConnectionResponse> | undefined;
  #path: string | undefined;
  #endedWith: unknown;

  constructor(program: string) {
    this.#child = fork(program, {
      stdio: ["pipe", "ignore", "inherit", "ipc"],
      serialization: "advanced",
      execArgv: [],
      env: {},
    });
    this.gone = new Promise((resolve) => {
      for (const event of ["close", "error"]) this.#child.once(event, () => resolve());
    });
    this.#child.on("message", (response) => this.#settle()?.resolve(response as ConnectionResponse));
    this.#child.on("error", (error) => this.#end(processLost(error)));
    this.#child.on("exit", () => this.#end(processLost()));
  }

  /** Whether it takes requests. */
  get isAlive(): boolean {
    return this.#endedWith === undefined;
  }

  /** The file that is open. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Opens a file in place of the one that was. */
  async open(path: string, maxBytes: number | undefined, signal: AbortSignal): Promise<void> {
    this.#path = undefined;
    await this.call({ kind: "open", path, maxBytes }, signal);
    this.#path = path;
  }

  /** Closes the file, which empties its log when nobody else has it open, and ends the process. Never rejects. */
  async end(): Promise<void> {
    await this.call({ kind: "close" }, AbortSignal.timeout(closeTimeoutMs)).catch(() => undefined);
    this.kill(namespaceClosed());
    await this.gone;
  }

  /** Undoes what is open, after a call that did not end well; ends the process when that cannot be done. Never rejects. */
  async reset(): Promise<void> {
    if (!this.isAlive) return;
    try {
      await this.call({ kind: "rollback" }, AbortSignal.timeout(closeTimeoutMs));
    } catch (error) {
      this.kill(error);
    }
  }

  /**
   * Asks for something; there must be no other request. Rejects with `ConnectionError` for what SQLite refuses, and when the
   * signal is aborted with its reason: what was asked for has then ended, or the process has.
   */
  async call<Request extends ConnectionRequest>(request: Request, signal: AbortSignal): Promise<AnswerTo<Request>> {
    signal.throwIfAborted();
    if (!this.isAlive) throw this.#endedWith;
    const pending = Promise.withResolvers<ConnectionResponse>();
    this.#pending = pending;
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => {
      timer = setTimeout(() => this.kill(signal.reason), stopGraceMs);
    };
    signal.addEventListener("abort", onAbort);
    try {
      this.#child.send(request, (error) => error && this.#end(processLost(error)));
      const response = await pending.promise;
      signal.throwIfAborted();
      if (!response.ok) throw new ConnectionError(response.failure);
      return response.answer as AnswerTo<Request>;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the process; a request that waits is rejected with `reason` when the process is gone. */
  kill(reason: unknown): void {
    this.#endedWith ??= reason;
    this.#child.kill("SIGKILL");
  }

  #settle(): PromiseWithResolvers<ConnectionResponse> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #end(reason: unknown): void {
    this.#endedWith ??= reason;
    this.#settle()?.reject(this.#endedWith);
  }
}

function processLost(cause?: unknown): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    "The process that ran the statement has ended. A write may or may not have been applied; look before you try again.",
    { cause },
  );
}
