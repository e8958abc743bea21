import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isThere } from "../file-access.js";
import { LocalServerError } from "../local-server-error.js";
import { lockPath } from "../path-lock.js";
import type { Environment, ServerKind } from "../server-kind.js";
import { StackPorts } from "./stack-ports.js";
import { type StackServer, StandingServer } from "./standing-server.js";

export interface StackOptions {
  /** Holds everything of the stack, a folder for each server. Made when it is not there. */
  readonly folder: string;
  /** Where programs are looked for: `PATH`, `PRISM_PROGRAMS_DIR`, `KAFKA_HOME`. */
  readonly environment: Environment;
  /** Ends the waiting for servers and for other processes; servers that were started stay. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of a server that was to be started or stopped. */
export interface StackOutcome {
  readonly server: StackServer;
  /** Why that did not work, and what to do. `undefined`: it did. */
  readonly problem: string | undefined;
}

/**
 * Servers that run on without whoever started them, at most one of each kind in a folder. Any number of processes may work on one
 * folder: those that change something take turns.
 */
export class Stack {
  readonly #folder: string;
  readonly #environment: Environment;
  readonly #signal: AbortSignal | undefined;

  constructor({ folder, environment, signal }: StackOptions) {
    this.#folder = folder;
    this.#environment = environment;
    this.#signal = signal;
  }

  /** Starts those that do not run, all at once, and waits until each answers. One that fails does not keep the others. */
  async up(kinds: readonly ServerKind[]): Promise<StackOutcome[]> {
    await mkdir(this.#folder, { recursive: true });
    await using _turn = await lockPath(this.#folder, this.#signal);
    const options = { ports: new StackPorts(), environment: this.#environment, signal: this.#signal };
    // Awaited here: the turn ends when this method returns.
    return await this.#each(kinds, (server) => server.start(options));
  }

  /** Stops those that run, gracefully and all at once. */
  async down(kinds: readonly ServerKind[], { removeData }: { readonly removeData: boolean }): Promise<StackOutcome[]> {
    if (!(await isThere(this.#folder))) return this.#each(kinds, async () => {});
    await using _turn = await lockPath(this.#folder, this.#signal);
    const outcomes = await this.#each(kinds, async (server) => {
      await server.stop();
      if (removeData) await server.remove();
    });
    // Not when there is something else in it, another server or what is not of the stack.
    if (removeData) await rmdir(this.#folder).catch(() => {});
    return outcomes;
  }

  /** How each of them is now. */
  status(kinds: readonly ServerKind[]): Promise<StackServer[]> {
    return Promise.all(kinds.map((kind) => this.#server(kind).look()));
  }

  #server(kind: ServerKind): StandingServer {
    return new StandingServer(kind, join(this.#folder, kind.name));
  }

  #each(kinds: readonly ServerKind[], act: (server: StandingServer) => Promise<void>): Promise<StackOutcome[]> {
    return Promise.all(
      kinds.map(async (kind) => {
        const server = this.#server(kind);
        const problem = await act(server).then(
          () => undefined,
          (error) => this.#problemOf(error),
        );
        return { server: await server.look(), problem };
      }),
    );
  }

  #problemOf(error: unknown): string {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (error instanceof LocalServerError || (code !== undefined && syscall !== undefined)) return message;
    if (this.#signal?.aborted) return "It was not waited for any longer; see whether it answers by now.";
    throw error;
  }
}
