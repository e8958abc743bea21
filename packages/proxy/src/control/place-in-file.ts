import { readFile } from "node:fs/promises";
import { readYaml } from "../config/yaml-file.js";

/** Where the configuration declares a namespace, for people: `prism.yaml line 12`. `undefined`: there is no file. */
export async function placeInFile(file: string | undefined, namespace: string): Promise<string> {
  if (file === undefined) return "the default configuration";
  try {
    const { line } = readYaml(await readFile(file, "utf8")).locate(["namespaces", namespace]);
    return `${file} line ${line}`;
  } catch {
    // It serves all the same; only the line is not known.
    return file;
  }
}
