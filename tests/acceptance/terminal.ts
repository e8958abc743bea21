import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { eventually } from "./eventually.ts";

const shownWithinMs = 30_000;

export interface TerminalOptions {
  readonly folder: string;
  /** Beside the test's own. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A program in a terminal, with a person at the keys. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #screen = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#screen += chunk;
    });
    this.#ended = once(child, "close").then(([code]) => code);
  }

  /** Runs a program under script(1), which gives it a terminal of its own. */
  static run(program: string, given: readonly string[], options: TerminalOptions): Terminal {
    const line = [program, ...given].map((word) => `'${word}'`).join(" ");
    // exec: a shell that stayed would itself be ended by Ctrl-C, and its exit code would hide the program's.
    const script = spawn("script", ["--quiet", "--return", "--flush", "--command", `exec ${line}`, "/dev/null"], {
      cwd: options.folder,
      env: { ...process.env, ...options.environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    return new Terminal(script);
  }

  /** All that was printed so far, without colours. */
  get screen(): string {
    return stripVTControlCharacters(this.#screen).replaceAll("\r\n", "\n");
  }

  /** Waits until the text is on the screen. */
  async shows(text: string): Promise<void> {
    await eventually(`${JSON.stringify(text)} on the terminal`, shownWithinMs, () => {
      if (this.#child.exitCode !== null) throw new Error(`the program ended:\n${this.screen}`);
      return this.screen.includes(text);
    });
  }

  /** Presses Ctrl-C and waits for the program's exit code. */
  async interrupt(): Promise<number | null> {
    this.#child.stdin?.write("\x03");
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // script ends the program with a hangup.
    if (this.#child.exitCode === null) this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
