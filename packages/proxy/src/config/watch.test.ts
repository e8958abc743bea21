import { readFileSync } from "node:fs";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FileWatch, watchFiles } from "./watch.js";

let dir: string;
let watch: FileWatch;
let changes = 0;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "prism-watch-"));
  await writeFile(path.join(dir, "a"), "1");
  await writeFile(path.join(dir, "b"), "2");
  await symlink("a", path.join(dir, "link"));
  changes = 0;
  watch = watchFiles(() => changes++, { pollIntervalMs: 20 });
});

afterEach(async () => {
  watch[Symbol.dispose]();
  await rm(dir, { recursive: true });
});

test.each([
  ["is written", "a", () => writeFile(path.join(dir, "a"), "changed")],
  ["is replaced by a rename", "a", () => rename(path.join(dir, "b"), path.join(dir, "a"))],
  ["goes away", "a", () => rm(path.join(dir, "a"))],
  ["appears", "new", () => writeFile(path.join(dir, "new"), "here")],
  [
    "is a link that is swapped",
    "link",
    async () => {
      await symlink("b", path.join(dir, "link2"));
      await rename(path.join(dir, "link2"), path.join(dir, "link"));
    },
  ],
])("a file that %s is noticed once", async (_, name, change) => {
  watch.watch([path.join(dir, name)]);
  await change();
  await expect.poll(() => changes).toBe(1);
});

test("a file that is emptied and then written is noticed when it is written", async () => {
  const file = path.join(dir, "a");
  const seen: string[] = [];
  using slow = watchFiles(() => seen.push(readFileSync(file, "utf8")), { pollIntervalMs: 100 });
  slow.watch([file]);
  await writeFile(file, "");
  await setTimeout(60);
  await writeFile(file, "whole");
  await expect.poll(() => seen.length).toBeGreaterThan(0);
  expect(seen).toEqual(["whole"]);
});

test("a file that is not watched any more is not noticed", async () => {
  watch.watch([path.join(dir, "a")]);
  watch.watch([path.join(dir, "b")]);
  await writeFile(path.join(dir, "a"), "changed");
  await writeFile(path.join(dir, "b"), "changed");
  await expect.poll(() => changes).toBe(1);
});
