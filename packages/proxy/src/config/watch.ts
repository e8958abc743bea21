import { type Stats, unwatchFile, watchFile } from "node:fs";

/** How often the files are looked at, in ms. Polling sees what notifications miss: renames, swapped links, mounted volumes. */
const pollIntervalMs = 500;

/** An editor writes in several steps; this long after the last change the files are taken for complete, in ms. */
const settleMs = 100;

/** Watches files until disposed. */
export interface FileWatch extends Disposable {
  /** Changes which files are watched. */
  watch(files: readonly string[]): void;
}

/** Calls `onChange` once after one or more of the files have changed, appeared or gone. */
export function watchFiles(onChange: () => void, options: { pollIntervalMs?: number } = {}): FileWatch {
  const watched = new Set<string>();
  let settling: NodeJS.Timeout | undefined;
  const onPoll = (current: Stats, previous: Stats) => {
    if (isSame(current, previous)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMs);
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
        watchFile(file, { interval: options.pollIntervalMs ?? pollIntervalMs, persistent: false }, onPoll);
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
