import { decodeMessage, encodeMessage, type MessageType } from "@prism-data/pattern-sdk/protocol";

const service = "prism.admin.v1.AdminService";

/** A unary method on message bytes. Throws `GatewayError`. */
export type AdminMethod = (request: Uint8Array) => Promise<Uint8Array>;

/** A method of prism.admin.v1.AdminService, with its path. */
export function unary<Request, Response>(
  name: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
  handle: (request: Request) => Response | Promise<Response>,
): [string, AdminMethod] {
  return [
    `/${service}/${name}`,
    async (bytes) =>
      encodeMessage(response, await handle(decodeMessage(request, bytes, `prism.admin.v1.${name}Request`))),
  ];
}
