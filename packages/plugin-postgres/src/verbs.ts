/** What is to be done, and what was done, for people. */
export interface Verbs {
  readonly make: string;
  readonly change: string;
}

export const planned: Verbs = { make: "would make", change: "would change" };
export const done: Verbs = { make: "made", change: "changed" };
