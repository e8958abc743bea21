import { randomUUID } from "node:crypto";
import { readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { NamespaceEntry } from "@prism-data/planner";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { withNamespace } from "./with-namespace.js";

/** A prism.yaml that is changed as a person would: what else is in it stays as it is. */
export class ConfigFile {
  /** Its path, links followed. */
  readonly file: string;
  /** As it was read. */
  readonly #before: string;
  #text: string;

  private constructor(file: string, text: string) {
    this.file = file;
    this.#before = text;
    this.#text = text;
  }

  static async open(name: string, workingDir: string): Promise<ConfigFile> {
    try {
      const file = await realpath(path.resolve(workingDir, name));
      return new ConfigFile(file, await readFile(file, "utf8"));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const message = `${name} cannot be read (${code}): apply writes to a configuration; make one, or name it with -c FILE`;
      throw new CommandFailure(ExitCode.usage, message, { cause: error });
    }
  }

  setNamespace(name: string, entry: NamespaceEntry): void {
    this.#text = withNamespace(this.#text, name, entry);
  }

  /** Puts the changed file in the place of the old one, at once, after `check` has taken it; fails when somebody else changed it. */
  async replace(check: (candidate: string) => Promise<void>): Promise<void> {
    const candidate = path.join(path.dirname(this.file), `.${path.basename(this.file)}.${randomUUID()}`);
    try {
      const { mode } = await stat(this.file);
      await writeFile(candidate, this.#text, { mode, flag: "wx" });
      await check(candidate);
      if ((await readFile(this.file, "utf8")) !== this.#before)
        throw new CommandFailure(
          ExitCode.failed,
          `${this.file} was changed meanwhile: the plan is stale; run it again`,
        );
      await rename(candidate, this.file);
    } finally {
      await rm(candidate, { force: true });
    }
  }
}
