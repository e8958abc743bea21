import { expect, test } from "vitest";
import { EtagSource, etagSourceBytes } from "./etag-source.js";

test("etags have one length, and none comes twice, from one source or two", () => {
  const made = [new EtagSource(), new EtagSource()].flatMap((etags) =>
    Array.from({ length: 1_000 }, () => etags.next()),
  );
  expect(new Set(made).size).toBe(2_000);
  expect(made.every((etag) => etag.length === etagSourceBytes && /^[\w-]+$/.test(etag))).toBe(true);
});
