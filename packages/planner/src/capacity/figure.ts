/** One figure of a plan, with how it came to be. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly formula: string;
}

/** What a plan comes to, while it is made. */
export interface Draft {
  readonly options: Record<string, string | number | boolean>;
  readonly figures: Figure[];
  readonly warnings: string[];
}
