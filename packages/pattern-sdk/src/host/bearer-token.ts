import { timingSafeEqual } from "node:crypto";
import { type GrpcError, type HeaderList, headerValue } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import { grpcErrorOf } from "../protocol/status.js";

/** Makes the check that every call carries the handshake's token. Takes the same time for every wrong token of one length. */
export function bearerCheck(token: string): (headers: HeaderList) => GrpcError | undefined {
  const expected = Buffer.from(`Bearer ${token}`, "latin1");
  return (headers) => {
    const given = Buffer.from(headerValue(headers, "authorization") ?? "", "latin1");
    if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined;
    return grpcErrorOf(
      new GatewayError(
        "UNAUTHENTICATED",
        "The call does not carry the token of this plugin's handshake line. Only the proxy that started the plugin may call it.",
      ),
    );
  };
}
