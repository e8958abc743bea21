import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readGrowingFile } from "./growing-file.js";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "prism-growing-"));
  file = join(folder, "log");
  await writeFile(file, "first\n");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function readAll(follow: AbortSignal | undefined, onText: (text: string) => Promise<unknown> | undefined) {
  let text = "";
  for await (const chunk of readGrowingFile(file, follow)) {
    text += Buffer.from(chunk).toString();
    await onText(text);
  }
  return text;
}

test("a file is read to its end", async () => {
  await writeFile(file, "x".repeat(200_000));
  expect((await readAll(undefined, () => undefined)).length).toBe(200_000);
});

test("what is added is read until it is told to stop", async () => {
  const stop = new AbortController();
  const read = await readAll(stop.signal, (text) => {
    if (text === "first\n") return appendFile(file, "second\n");
    if (text.endsWith("second\n")) return appendFile(file, "third\n");
    stop.abort();
    return undefined;
  });
  expect(read).toBe("first\nsecond\nthird\n");
});

test("following ends when the file is removed", async () => {
  expect(await readAll(new AbortController().signal, () => rm(file))).toBe("first\n");
});

test("following ends at once when it is stopped already", async () => {
  expect(await readAll(AbortSignal.abort(), () => undefined)).toBe("");
});
