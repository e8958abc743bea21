import { describe, expect, test } from "vitest";
import { openPageToken, type PageTokenScope, sealPageToken } from "./page-token.js";

const scope: PageTokenScope = {
  plugin: "redis",
  namespace: "profile",
  request: ["prefix", "user:", false],
  fields: "namespace, selection and keys_only",
};

describe("a page token", () => {
  test.each([
    ["an empty cursor", ""],
    ["a short cursor", "42"],
    ["a cursor of any characters", "ключ\u0000🗝"],
    ["the longest cursor", "x".repeat(2_048)],
    ["the longest cursor of 4-byte characters", "🗝".repeat(1_024)],
  ])("brings %s back", (_, cursor) => {
    expect(openPageToken(sealPageToken(cursor, scope), scope)).toBe(cursor);
  });

  test("is the same in every process and release, so that it outlives the one that gave it out", () => {
    expect(sealPageToken("42", scope)).toBe("AXS2RZqRGm8WwbrPSftDPRM0Mg");
  });

  test("is not made of a cursor that no store may give", () => {
    expect(() => sealPageToken("x".repeat(2_049), scope)).toThrow("2049 characters");
  });

  test.each<[string, Partial<PageTokenScope>]>([
    ["another plugin", { plugin: "sqlite" }],
    ["another namespace", { namespace: "profile2" }],
    ["another text in the request", { request: ["prefix", "user", false] }],
    ["another switch in the request", { request: ["prefix", "user:", true] }],
    ["one part more", { request: ["prefix", "user:", "", false] }],
  ])("is no good for %s", (_, change) => {
    const token = sealPageToken("42", scope);
    expect(() => openPageToken(token, { ...scope, ...change })).toThrow(
      expect.objectContaining({ reason: "INVALID_PAGE_TOKEN" }),
    );
  });

  test("tells apart requests whose parts only join to the same text", () => {
    const token = sealPageToken("42", { ...scope, request: ["a", "bc"] });
    expect(() => openPageToken(token, { ...scope, request: ["ab", "c"] })).toThrow(
      "page_token: was not given out for this namespace, selection and keys_only",
    );
  });

  test("is refused when any one of its characters is changed, left out or added", () => {
    const token = sealPageToken("cursor", scope);
    for (let index = 0; index < token.length; index++) {
      const other = token[index] === "A" ? "B" : "A";
      const damaged = [
        token.slice(0, index) + other + token.slice(index + 1),
        token.slice(0, index) + token.slice(index + 1),
        `${token.slice(0, index)}A${token.slice(index)}`,
        `${token.slice(0, index)}=${token.slice(index)}`,
      ];
      for (const text of damaged.filter((text) => text !== token)) {
        expect(() => openPageToken(text, scope), text).toThrow(
          expect.objectContaining({ reason: "INVALID_PAGE_TOKEN" }),
        );
      }
    }
  });

  test.each([
    ["one character", "x"],
    ["no base64", "not base64!"],
    ["too short", "AAAA"],
    ["far too long", "A".repeat(100_000)],
  ])("is refused when it is %s", (_, text) => {
    expect(() => openPageToken(text, scope)).toThrow(expect.objectContaining({ reason: "INVALID_PAGE_TOKEN" }));
  });
});
