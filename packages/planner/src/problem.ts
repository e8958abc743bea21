/** What is wrong with what an app says it needs. */
export interface Problem {
  /** Where: the message and the option, such as `acme.UserEvents (prism.estimated_rps)`. */
  readonly at: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** Everything that is wrong with the needs of an app, at once. */
export class NeedsError extends Error {
  override readonly name = "NeedsError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ at, message }) => `${at}: ${message}`).join("\n"));
    this.problems = problems;
  }
}
