import { closeSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { sync } from "@prism-data/sqlite-file";
import { ControlStateError } from "../errors.js";
import type { StateFile } from "./state-file.js";

/** Copies a state into a new file, which is there as a whole or not at all. Throws `invalid` when the file exists. */
export async function backUp(state: StateFile, file: string): Promise<void> {
  reserve(file);
  const unfinished = `${file}.unfinished`;
  try {
    closeSync(openSync(unfinished, "w", 0o600));
    await state.copyTo(unfinished);
    sync(unfinished);
    renameSync(unfinished, file);
    sync(dirname(file));
  } catch (error) {
    rmSync(unfinished, { force: true });
    rmSync(file, { force: true });
    throw error;
  }
}

/** Nobody's file is overwritten, whoever makes one of that name at the same time. */
function reserve(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "failed";
    const why =
      code === "EEXIST" ? "it exists already. Name a new file" : `it cannot be made (${code}). Check its folder`;
    throw new ControlStateError("invalid", `The backup ${file} was not written: ${why}.`, { cause: error });
  }
}
