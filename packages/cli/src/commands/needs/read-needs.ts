import type { AppNeeds } from "@prism-data/planner";
import { parse } from "yaml";
import { readAppFiles } from "../../app-files.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";

/** Reads a .proto, all of a folder, a descriptor set, or YAML with the options by message. Throws CommandFailure for what cannot be read. */
export async function readNeeds(file: string): Promise<AppNeeds> {
  const files = await readAppFiles(file);
  if (files.kind !== "yaml") return files;
  try {
    return { kind: "written", tree: parse(files.text) };
  } catch (error) {
    throw new CommandFailure(ExitCode.usage, `${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
}
