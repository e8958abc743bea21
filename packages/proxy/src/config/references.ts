import { readFile } from "node:fs/promises";
import path from "node:path";
import type { LocatedProblem } from "./problem.js";
import { suggest } from "./suggestion.js";

/** What `${env:NAME}` and `${file:path}` are resolved with. */
export interface ReferenceSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths in `${file:…}` are relative to. */
  readonly dir: string;
}

/** A configuration tree with its references replaced. */
export interface Resolved {
  readonly tree: unknown;
  /** One for each value that could not be resolved: whatever else is wrong with such a value is only a consequence. */
  readonly problems: readonly LocatedProblem[];
  /** The secret files that were read. */
  readonly files: readonly string[];
}

/** A secret is a password, a token or a key; what is larger is most likely the wrong file. */
const secretBytesMax = 1_048_576;

/** `${scheme:rest}`; `$${` stands for a plain `${`. */
const referencePattern = /\$\$\{|\$\{([^}:]*):([^}]*)\}/g;

/** Replaces `${env:NAME}` and `${file:path}` in every text of a tree; keys stay as they are. */
export async function resolveReferences(tree: unknown, source: ReferenceSource): Promise<Resolved> {
  const resolution = new Resolution(source);
  const resolvedTree = await resolution.value(tree, []);
  return { tree: resolvedTree, problems: resolution.problems, files: [...resolution.files] };
}

/** Most of a large configuration refers to nothing; resolving it value by value would take a promise for each. */
function mentionsReference(value: unknown): boolean {
  if (typeof value === "string") return value.includes("${");
  return typeof value === "object" && value !== null && Object.values(value).some(mentionsReference);
}

class Resolution {
  readonly problems: LocatedProblem[] = [];
  readonly files = new Set<string>();
  readonly #source: ReferenceSource;

  constructor(source: ReferenceSource) {
    this.#source = source;
  }

  async value(value: unknown, at: readonly PropertyKey[]): Promise<unknown> {
    if (!mentionsReference(value)) return value;
    if (typeof value === "string") return await this.#text(value, at);
    if (Array.isArray(value)) return await Promise.all(value.map((item, index) => this.value(item, [...at, index])));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(async ([key, item]) => [key, await this.value(item, [...at, key])]);
    return Object.fromEntries(await Promise.all(entries));
  }

  async #text(text: string, at: readonly PropertyKey[]): Promise<string> {
    let resolved = "";
    let end = 0;
    for (const match of text.matchAll(referencePattern)) {
      resolved += text.slice(end, match.index);
      const [whole, scheme, target] = match;
      resolved += scheme === undefined || target === undefined ? "${" : await this.#reference(scheme, target, at);
      end = match.index + whole.length;
    }
    return resolved + text.slice(end);
  }

  async #reference(scheme: string, target: string, at: readonly PropertyKey[]): Promise<string> {
    if (scheme === "env") {
      const value = this.#source.environment[target];
      return value ?? this.#fail(at, `the environment variable ${target} is not set`);
    }
    if (scheme === "file") return await this.#file(target, at);
    return this.#fail(
      at,
      `\${${scheme}:…} is not a known reference, ${suggest(scheme, ["env", "file"])} (write $\${ for a plain \${)`,
    );
  }

  async #file(target: string, at: readonly PropertyKey[]): Promise<string> {
    const file = path.resolve(this.#source.dir, target);
    this.files.add(file);
    try {
      const content = await readFile(file);
      if (content.length > secretBytesMax) return this.#fail(at, `the file ${file} is larger than 1 MiB`);
      return content.toString("utf8").replace(/\r?\n$/, "");
    } catch (error) {
      return this.#fail(at, `cannot read the file ${file} (${(error as NodeJS.ErrnoException).code ?? "failed"})`);
    }
  }

  #fail(at: readonly PropertyKey[], message: string): string {
    this.problems.push({ keys: at, message });
    return "";
  }
}
