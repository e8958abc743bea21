/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Where: keys joined with dots, such as `namespaces.demo.backend`; or a flag or variable that carried the value. Empty: the whole file. */
  readonly path: string;
  /** What is wrong and what to do, without the value when that may be a secret. */
  readonly message: string;
  /** Where in the file, 1-based, when it came from there. */
  readonly line?: number;
  readonly column?: number;
}

/** A problem that still knows its keys, so that its place in the file can be found. */
export interface LocatedProblem {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
}

/** Problems that a text shows: more than anybody corrects at a time. `prism check --json` shows all. */
const shownProblemsMax = 50;

/** A configuration that cannot be used, with all that is wrong with it. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const shown = problems.slice(0, shownProblemsMax).map((problem) => `  ${formatProblem(problem)}`);
    const more = problems.length - shown.length;
    if (more > 0) shown.push(`  and ${more} more; prism check --json lists all`);
    super([`${source}: ${count}`, ...shown].join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** One line for people. */
export function formatProblem(problem: Problem): string {
  const position = problem.line === undefined ? "" : `${problem.line}:${problem.column ?? 1} `;
  return `${position}${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`;
}

/** A key or name as it stands in a path: quoted when it could be taken for several. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const text = /^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(String(key));
      return index === 0 ? text : `.${text}`;
    })
    .join("");
}
