import { expect, test } from "vitest";
import { GatewayError } from "../errors.js";
import { linkTranslationOf, linkTranslations, notConnectedError } from "./link-errors.js";

const translations = linkTranslations("Redis");
const withCode = (code: string) => Object.assign(new Error("it broke"), { code });

test.each([
  ["a refused connection", withCode("ECONNREFUSED"), translations.unreachable],
  ["a name that nobody knows", withCode("ENOTFOUND"), translations.unreachable],
  ["a certificate of a stranger", withCode("SELF_SIGNED_CERT_IN_CHAIN"), translations.untrusted],
  ["a server without TLS", withCode("EPROTO"), translations.untrusted],
  ["an error of something else", withCode("ENOSPC"), undefined],
  ["an error without a code", new Error("it broke"), undefined],
  ["what is no error", "ECONNREFUSED", undefined],
])("%s has its translation", (_, error, translation) => {
  expect(linkTranslationOf(error, translations)).toBe(translation);
});

test("without a connection the last attempt says why and when to try again", () => {
  const cause = new GatewayError("BACKEND_UNAVAILABLE", "It is loading.", { retryAfterMs: 1_000 });
  expect(notConnectedError("Redis at h:1", cause)).toMatchObject({
    reason: "BACKEND_UNAVAILABLE",
    message: "There is no connection to Redis at h:1; nothing was sent. It is loading.",
    retryAfterMs: 1_000,
  });
});

test("what trying again does not mend is passed on as it is", () => {
  const denied = new GatewayError("BACKEND_DENIED", "No.");
  expect(notConnectedError("Redis at h:1", denied)).toBe(denied);
});
