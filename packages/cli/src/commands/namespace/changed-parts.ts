import { parse } from "yaml";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";

/** A part of a declaration and what it becomes. */
export interface ChangedPart {
  readonly keys: readonly string[];
  /** `undefined`: it is taken away. */
  readonly value: unknown;
}

/** What `--set key=value` and `--unset key` ask for. Throws for what is neither, or stands twice, or lies in another part. */
export function changedParts(given: {
  readonly set: readonly string[];
  readonly unset: readonly string[];
}): readonly ChangedPart[] {
  const parts = [...given.set.map(partOf), ...given.unset.map((key) => ({ keys: keysOf(key), value: undefined }))];
  const paths = parts.map(({ keys }) => keys.join("."));
  const twice = paths.find((path, index) =>
    paths.some((other, at) => at !== index && `${other}.`.startsWith(`${path}.`)),
  );
  if (twice === undefined) return parts;
  throw new CommandFailure(ExitCode.usage, `${twice} is to be changed twice; say once what it becomes`);
}

function partOf(text: string): ChangedPart {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandFailure(ExitCode.usage, `--set takes key=value, such as timeout=2s; it was ${text}`);
  const value = yamlValue(text.slice(at + 1), text);
  if (value !== null) return { keys: keysOf(text.slice(0, at)), value };
  throw new CommandFailure(ExitCode.usage, `${text} has no value; take a key away with --unset`);
}

function keysOf(path: string): readonly string[] {
  const keys = path.split(".");
  if (keys.every((key) => /^[a-z0-9_]+$/.test(key))) return keys;
  throw new CommandFailure(ExitCode.usage, `${path} is no key; keys are like timeout or limits.calls_per_second`);
}

function yamlValue(yaml: string, text: string): unknown {
  try {
    return parse(yaml);
  } catch (error) {
    throw new CommandFailure(ExitCode.usage, `the value of ${text} is not YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
