/** Values from the command line, which win over everything else. */
export interface ConfigFlags {
  readonly listen?: string;
  readonly adminListen?: string;
  readonly dataDir?: string;
  readonly logLevel?: string;
  readonly strictStart?: boolean;
}

/** One value that may come from outside the file. */
export interface Override {
  /** Where it goes in the configuration. */
  readonly path: readonly string[];
  /** Where it came from, for problems. */
  readonly source: string;
  readonly value: unknown;
}

/** The values that may come from outside the file: flag, variable, place. docs/config.md shows this table. */
export const overridable = [
  { flag: "listen", flagName: "--listen", variable: "PRISM_LISTEN", path: ["listen"] },
  { flag: "adminListen", flagName: "--admin-listen", variable: "PRISM_ADMIN_LISTEN", path: ["admin", "listen"] },
  { flag: "dataDir", flagName: "--data-dir", variable: "PRISM_DATA_DIR", path: ["data_dir"] },
  { flag: "logLevel", flagName: "--log-level", variable: "PRISM_LOG_LEVEL", path: ["log", "level"] },
  { flag: "strictStart", flagName: "--strict-start", variable: "PRISM_STRICT_START", path: ["strict_start"] },
] as const satisfies readonly {
  flag: keyof ConfigFlags;
  flagName: string;
  variable: string;
  path: readonly string[];
}[];

/** The values that flags and environment give. A flag wins over a variable; an empty variable counts as not set. */
export function findOverrides(
  flags: ConfigFlags,
  environment: Readonly<Record<string, string | undefined>>,
): readonly Override[] {
  return overridable.flatMap(({ flag, flagName, variable, path }): Override[] => {
    if (flags[flag] !== undefined) return [{ path, source: flagName, value: flags[flag] }];
    const text = environment[variable];
    if (text === undefined || text === "") return [];
    return [{ path, source: variable, value: flag === "strictStart" ? booleanOf(text) : text }];
  });
}

/** The tree with the overrides in place. A tree that is not a map is left alone: the schema has something to say about it. */
export function applyOverrides(tree: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((result, { path, value }) => withValueAt(result, path, value), tree);
}

function withValueAt(tree: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (tree !== undefined && (typeof tree !== "object" || tree === null || Array.isArray(tree))) return tree;
  const map = (tree ?? {}) as Record<string, unknown>;
  return { ...map, [key]: withValueAt(map[key], rest, value) };
}

function booleanOf(text: string): unknown {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  return text;
}
