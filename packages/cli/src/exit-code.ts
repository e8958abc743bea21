/** What the command's exit status says. Part of the outside contract. */
export const ExitCode = {
  /** Done. */
  done: 0,
  /** The operation failed, or the answer is no. */
  failed: 1,
  /** Wrong usage or wrong configuration; nothing was tried. */
  usage: 2,
  /** The proxy or a server could not start: the port is taken, a backend is not ready under strict start, a program is missing. */
  notStarted: 3,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit codes as they stand in the help. */
export const exitCodeHelp = `Exit codes:
  0  done
  1  the operation failed, or the answer is no (key not found)
  2  wrong usage or wrong configuration; nothing was tried
  3  the proxy, or a server, could not start`;
