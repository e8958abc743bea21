import { once } from "node:events";
import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const chunkBytes = 64 * 1024;

/** What a file holds; with `follow`, also what is added to it, until that is aborted or the file is removed. */
export async function* readGrowingFile(file: string, follow: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  await using handle = await open(file);
  if (follow === undefined) {
    yield* readToEnd(handle);
    return;
  }
  using changes = new Changes(file);
  const aborted = once(follow, "abort");
  while (!follow.aborted) {
    // Before the look, so that nothing is added unnoticed.
    const changed = changes.next();
    yield* readToEnd(handle);
    if ((await handle.stat()).nlink === 0) return;
    await Promise.race([changed, aborted]);
  }
}

async function* readToEnd(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(chunkBytes) });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Tells of changes of a file, several as one when nobody waits. */
class Changes implements Disposable {
  readonly #watcher;
  #next = Promise.withResolvers<void>();

  constructor(file: string) {
    this.#watcher = watch(file, () => this.#next.resolve());
    // A file that cannot be watched any more is looked at once more.
    this.#watcher.on("error", () => this.#next.resolve());
  }

  /** Resolves at the next change from now on. */
  next(): Promise<void> {
    this.#next = Promise.withResolvers();
    return this.#next.promise;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
