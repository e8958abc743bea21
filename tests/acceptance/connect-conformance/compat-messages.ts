import { once } from "node:events";
import type { Readable } from "node:stream";
import protobuf from "protobufjs";

/** What the runner asks of a server: connectrpc/conformance/v1/server_compat.proto, as far as it is needed here. */
export interface ServerCompatRequest {
  readonly useTls: boolean;
  /** The server's certificate and its key, as PEM. */
  readonly serverCreds?: { readonly cert: Uint8Array; readonly key: Uint8Array };
}

export interface ServerCompatResponse {
  readonly host: string;
  readonly port: number;
  /** The certificate that clients trust. */
  readonly pemCert?: Uint8Array;
}

// The suite's own names and numbers; a plaintext server gets the request without the rest.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ServerCompatRequest {
    int32 protocol = 1;
    int32 http_version = 2;
    bool use_tls = 4;
    uint32 message_receive_limit = 6;
    TLSCreds server_creds = 7;
  }
  message PlaintextServerCompatRequest {
    int32 protocol = 1;
    int32 http_version = 2;
    uint32 message_receive_limit = 6;
  }
  message TLSCreds {
    bytes cert = 1;
    bytes key = 2;
  }
  message ServerCompatResponse {
    string host = 1;
    uint32 port = 2;
    bytes pem_cert = 3;
  }
`);
const request = root.lookupType("ServerCompatRequest");
const plaintextRequest = root.lookupType("PlaintextServerCompatRequest");
const response = root.lookupType("ServerCompatResponse");

export function decodeRequest(bytes: Buffer): ServerCompatRequest {
  return request.decode(bytes) as unknown as ServerCompatRequest;
}

/** The same request for a server that speaks plaintext. */
export function withoutTls(bytes: Buffer): Uint8Array {
  return plaintextRequest.encode(plaintextRequest.decode(bytes)).finish();
}

export function decodeResponse(bytes: Buffer): ServerCompatResponse {
  return response.decode(bytes) as unknown as ServerCompatResponse;
}

export function encodeResponse(message: ServerCompatResponse): Uint8Array {
  return response.encode(message).finish();
}

/** A message with its length before it, as it goes through a pipe. */
export function delimit(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

/** Reads one such message; whatever follows is left out. */
export async function readDelimited(from: Readable): Promise<Buffer> {
  let read = Buffer.alloc(0);
  for (;;) {
    if (read.length >= 4 && read.length >= 4 + read.readUInt32BE(0)) return read.subarray(4, 4 + read.readUInt32BE(0));
    const [chunk] = await once(from, "data");
    read = Buffer.concat([read, chunk]);
  }
}
