import { GrpcError } from "@prism-data/transport";
import type { GatewayError } from "../errors.js";
import { encodeMessage } from "../protocol/message.js";
import { Status } from "../protocol/rpc.js";
import { gatewayErrorOf } from "../protocol/status.js";

/** The failure that an answer carries for one of its entries. */
export function failureInStatus(status: Status): GatewayError {
  const { code, message } = status;
  return gatewayErrorOf(new GrpcError({ code, message, details: encodeMessage(Status, status) }));
}
