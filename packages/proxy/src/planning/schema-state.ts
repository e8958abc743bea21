import { readFile } from "node:fs/promises";
import path from "node:path";
import type { StoredSchema } from "@prism-data/control-state";
import type { SchemaState } from "@prism-data/planner";
import type { NamespaceConfig } from "../config/config.js";

/** What a namespace of the file keeps of messages. Throws NeedsError when it cannot be read. */
export async function schemaOfFile({ name, schema }: NamespaceConfig, workingDir: string): Promise<SchemaState> {
  const { compatibility = "wire_json", message, file } = schema ?? {};
  if (message === undefined || file === undefined) return { compatibility };
  try {
    return { compatibility, kept: { message, files: await readFile(path.resolve(workingDir, file)) } };
  } catch (error) {
    const { NeedsError } = await import("@prism-data/planner");
    const text = `${file} cannot be read (${(error as NodeJS.ErrnoException).code}); bring it back, or take schema out of the namespace`;
    throw new NeedsError([{ at: `namespaces.${name}.schema.file`, message: text }]);
  }
}

/** The same of a namespace of the control state. */
export function schemaOfStored(
  { schema }: Pick<NamespaceConfig, "schema">,
  kept: StoredSchema | undefined,
): SchemaState {
  return { compatibility: schema?.compatibility ?? "wire_json", ...(kept && { kept }) };
}
