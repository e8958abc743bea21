import { type Stats, unwatchFile, watchFile } from "node:fs";

/** How often the files are looked at, in ms. Polling sees what notifications miss: renames, swapped links, mounted volumes. */
const pollIntervalMs = 500;

/**
 * Whoever saves a file often empties it first and writes it then. Files are taken for complete when they looked the same
 * twice: what is half written is not what the operator meant.
 */
const settlePolls = 1.5;

/** Watches files until disposed. */
export interface FileWatch extends Disposable {
  /** Changes which files are watched. */
  watch(files: readonly string[]): void;
}

/** Calls `onChange` once after one or more of the files have changed, appeared or gone. */
export function watchFiles(onChange: () => void, options: { pollIntervalMs?: number } = {}): FileWatch {
  const watched = new Set<string>();
  const intervalMs = options.pollIntervalMs ?? pollIntervalMs;
  let settling: NodeJS.Timeout | undefined;
  const onPoll = (current: Stats, previous: Stats) => {
    if (isSame(current, previous)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, intervalMs * settlePolls);
  };
  const stop = (file: string) => {
    unwatchFile(file, onPoll);
    watched.delete(file);
  };
  return {
    watch(files) {
      for (const file of watched) if (!files.includes(file)) stop(file);
      for (const file of files) {
        if (watched.has(file)) continue;
        watched.add(file);
        watchFile(file, { interval: intervalMs, persistent: false }, onPoll);
      }
    },
    [Symbol.dispose]() {
      clearTimeout(settling);
      for (const file of watched) stop(file);
    },
  };
}

/** Reading a file changes its access time only. */
function isSame(left: Stats, right: Stats): boolean {
  return (
    left.mtimeMs === right.mtimeMs &&
    left.ctimeMs === right.ctimeMs &&
    left.size === right.size &&
    left.ino === right.ino
  );
}
