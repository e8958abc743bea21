import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { descriptorSet, GatewayError, grpcErrorOf, statusOf } from "@prism-data/pattern-sdk/protocol";
import { GrpcServer } from "@prism-data/transport";
import type { Address } from "../config/address.js";
import { type Listener, openListener } from "../downstream/listener.js";
import { createServer } from "../node-http.js";
import type { Logger } from "../telemetry/log.js";
import { MethodRegistry } from "../transcoding/method-registry.js";
import { type CallRequest, Transcoder, type UnaryResponse } from "../transcoding/transcoder.js";
import type { AdminMethod } from "./admin-method.js";
import { formatReadiness, type GatewayStatus, readinessOf } from "./readiness.js";

/** The largest admin requests are the messages of an app. */
const bodyBytesMax = 4_194_304;
/** Operators' tools and scrapers; not the world. */
const connectionsMax = 256;
/** A request that trickles in longer than this is cut off, in ms. */
const requestTimeoutMs = 30_000;

/** What the admin port shows. */
export interface AdminContent {
  status(): GatewayStatus;
  /** The text of /metrics. */
  metrics(): Promise<{ contentType: string; text: string }>;
  /** The methods of the admin service, by path. */
  readonly methods: ReadonlyMap<string, AdminMethod>;
}

/** The admin port: health and metrics by HTTP, the admin service by gRPC and by HTTP/JSON. */
export interface AdminPort {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Opens the admin port. Rejects with the system's error when the address cannot be had. */
export async function openAdminPort(at: Address, content: AdminContent, log: Logger): Promise<AdminPort> {
  const grpc = openGrpc(content, log);
  const http = openHttp(content, log);
  const listener: Listener = await openListener(
    at,
    { onHttp1: (socket) => void http.emit("connection", socket), onHttp2: (socket) => grpc.accept(socket) },
    { connectionsMax },
  );
  return {
    host: listener.host,
    port: listener.port,
    async close() {
      listener.close();
      http.closeAllConnections();
      await grpc.close();
    },
  };
}

function openGrpc({ methods }: AdminContent, log: Logger): GrpcServer {
  return new GrpcServer({
    findMethod: (path) => {
      const handle = methods.get(path);
      return handle && { kind: "unary", handle };
    },
    maxMessageBytes: bodyBytesMax,
    onUncaught: (error) => {
      if (!(error instanceof GatewayError)) log.error({ err: error }, "admin call failed unexpectedly");
      return grpcErrorOf(error);
    },
  });
}

function openHttp(content: AdminContent, log: Logger): Server {
  let registry: MethodRegistry | undefined;
  const transcoder = new Transcoder({
    // Made for the first call in JSON: the command line speaks gRPC.
    methods: () => {
      registry ??= new MethodRegistry([descriptorSet()]);
      return registry;
    },
    call: (request) => callMethod(request, content.methods),
  });
  return createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    answer(request, response, content, transcoder).catch((error: unknown) => {
      log.error({ err: error }, "admin request failed unexpectedly");
      response.destroy();
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  content: AdminContent,
  transcoder: Transcoder,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://admin");
  if (request.method === "POST") return await answerCall(request, response, transcoder, pathname);
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "GET or POST only\n");
  switch (pathname) {
    case "/livez":
      return send(response, 200, "ok\n");
    case "/readyz": {
      const readiness = readinessOf(content.status());
      return send(response, readiness.ready ? 200 : 503, formatReadiness(readiness, searchParams.has("verbose")));
    }
    case "/metrics": {
      const { contentType, text } = await content.metrics();
      return send(response, 200, text, contentType);
    }
    default:
      return send(
        response,
        404,
        "The admin port serves /livez, /readyz (?verbose), /metrics and POST /prism.admin.v1.AdminService/METHOD\n",
      );
  }
}

async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  transcoder: Transcoder,
  path: string,
): Promise<void> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyBytesMax) return send(response, 413, "the request is larger than 4 MiB\n");
    chunks.push(chunk);
  }
  const headers = Object.entries(request.headers).flatMap(([name, value]) => [name, String(value)]);
  const body = Buffer.concat(chunks);
  const answered = await transcoder.answer(
    { method: "POST", path, headers, body, principal: undefined },
    new AbortController().signal,
  );
  if ("body" in answered) response.writeHead(answered.status, [...answered.headers]).end(answered.body);
}

function send(response: ServerResponse, status: number, text: string, contentType = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" }).end(text);
}

/** Calls a method of the admin service as gRPC would. */
async function callMethod(request: CallRequest, methods: ReadonlyMap<string, AdminMethod>): Promise<UnaryResponse> {
  const empty = { statusMessage: "", details: undefined, message: new Uint8Array(), headers: [], trailers: [] };
  try {
    const handle = methods.get(request.path);
    if (handle === undefined) {
      throw new GatewayError("METHOD_NOT_FOUND", `${request.path} is not served on the admin port.`);
    }
    return { ...empty, code: 0, message: await handle(request.message) };
  } catch (error) {
    const { code, message, details } = statusOf(error);
    return { ...empty, code, statusMessage: message, details };
  }
}
