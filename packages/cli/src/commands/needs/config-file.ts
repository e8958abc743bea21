import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { LocalServerError, lockPath } from "@prism-data/local-servers";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { type WrittenNamespace, withNamespace } from "./with-namespace.js";

/**
 * A prism.yaml that is changed as a person would: what else is in it stays as it is. While it is open, other commands that change it
 * wait.
 */
export class ConfigFile implements AsyncDisposable {
  /** Its path, links followed. */
  readonly file: string;
  /** As it was read. */
  readonly #before: string;
  readonly #lock: AsyncDisposable | undefined;
  readonly #beside: { readonly path: string; readonly bytes: Uint8Array }[] = [];
  #text: string;

  private constructor(file: string, lock: AsyncDisposable | undefined, text: string) {
    this.file = file;
    this.#lock = lock;
    this.#before = text;
    this.#text = text;
  }

  /** Throws CommandFailure when there is no such file, or another command keeps it too long. */
  static async open(name: string, workingDir: string): Promise<ConfigFile> {
    try {
      const file = await realpath(path.resolve(workingDir, name));
      const lock = process.platform === "linux" ? await lockPath(file) : undefined;
      return new ConfigFile(file, lock, await readFile(file, "utf8"));
    } catch (error) {
      if (error instanceof LocalServerError) {
        throw new CommandFailure(ExitCode.failed, error.message, { cause: error });
      }
      const { code } = error as NodeJS.ErrnoException;
      const message = `${name} cannot be read (${code}): apply writes to a configuration; make one, or name it with -c FILE`;
      throw new CommandFailure(ExitCode.usage, message, { cause: error });
    }
  }

  setNamespace(name: string, entry: WrittenNamespace): void {
    this.#text = withNamespace(this.#text, name, entry);
  }

  /** Has a file written beside it, just before it is. */
  addFile(path: string, bytes: Uint8Array): void {
    this.#beside.push({ path, bytes });
  }

  /** Puts the changed file in the place of the old one, at once, after `check` has taken it; fails when somebody else changed it. */
  async replace(check: (candidate: string) => Promise<void>): Promise<void> {
    const candidate = path.join(path.dirname(this.file), `.${path.basename(this.file)}.new`);
    try {
      const { mode } = await stat(this.file);
      // One that was killed has left its own.
      await rm(candidate, { force: true });
      await writeFile(candidate, this.#text, { mode, flag: "wx", flush: true });
      await check(candidate);
      if ((await readFile(this.file, "utf8")) !== this.#before)
        throw new CommandFailure(
          ExitCode.failed,
          `${this.file} was changed meanwhile: the plan is stale; run it again`,
        );
      for (const { path: beside, bytes } of this.#beside) await writeWhole(beside, bytes);
      await rename(candidate, this.file);
    } finally {
      await rm(candidate, { force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock?.[Symbol.asyncDispose]();
  }
}

/** Readers see all of it, or what was there before. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const candidate = path.join(path.dirname(file), `.${path.basename(file)}.new`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(candidate, bytes, { flush: true });
  await rename(candidate, file);
}
