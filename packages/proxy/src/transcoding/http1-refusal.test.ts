import { expect, test } from "vitest";
import { refusalOf } from "./http1-refusal.js";

test.each([
  ["a field that is malformed", "HPE_INVALID_HEADER_TOKEN", "400", "malformed_request"],
  ["a header section that is too large", "HPE_HEADER_OVERFLOW", "431", "header_too_large"],
  ["chunk extensions that are too large", "HPE_CHUNK_EXTENSIONS_OVERFLOW", "413", "body_too_large"],
  ["a request that does not arrive", "ERR_HTTP_REQUEST_TIMEOUT", "408", "request_timeout"],
  ["the end of the connection in the middle of a body", "HPE_INVALID_EOF_STATE", "400", undefined],
])("%s is answered", (_, code, status, reason) => {
  expect(refusalOf(code)).toEqual({ status: expect.stringMatching(`^${status} `), reason });
});

test.each(["ECONNRESET", "EPIPE", undefined])("a client that is gone (%s) is not answered", (code) => {
  expect(refusalOf(code)).toBeUndefined();
});
