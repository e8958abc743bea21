/** What the scripts in clients/ print, one line per step that held. */
export const clientSteps = [
  "set and get",
  "a value of 2 MiB",
  "compare and set",
  "idempotency token",
  "scan",
  "watch",
  "deadline",
  "error details",
];
