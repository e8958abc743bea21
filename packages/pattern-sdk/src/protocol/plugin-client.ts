import { type CallOptions, type GrpcClient, GrpcError } from "@prism-data/transport";
import * as wire from "./gen/prism/plugin/v1/plugin.js";
import { decodeMessage, encodeMessage, type MessageType } from "./message.js";
import { gatewayErrorOf } from "./status.js";

/** The full name of the service that every plugin serves. */
export const pluginService = "prism.plugin.v1.PluginService";

/**
 * Calls a plugin's `PluginService`. Every method rejects with `GatewayError`. Calls may run concurrently; the client that it
 * was given stays its owner's to close.
 */
export class PluginClient {
  readonly #client: GrpcClient;

  constructor(client: GrpcClient) {
    this.#client = client;
  }

  describe(request: wire.DescribeRequest, options?: CallOptions): Promise<wire.DescribeResponse> {
    return this.#unary("Describe", wire.DescribeRequest, wire.DescribeResponse, request, options);
  }

  configure(request: wire.ConfigureRequest, options?: CallOptions): Promise<wire.ConfigureResponse> {
    return this.#unary("Configure", wire.ConfigureRequest, wire.ConfigureResponse, request, options);
  }

  bind(request: wire.BindRequest, options?: CallOptions): Promise<wire.BindResponse> {
    return this.#unary("Bind", wire.BindRequest, wire.BindResponse, request, options);
  }

  unbind(request: wire.UnbindRequest, options?: CallOptions): Promise<wire.UnbindResponse> {
    return this.#unary("Unbind", wire.UnbindRequest, wire.UnbindResponse, request, options);
  }

  metrics(request: wire.MetricsRequest, options?: CallOptions): Promise<wire.MetricsResponse> {
    return this.#unary("Metrics", wire.MetricsRequest, wire.MetricsResponse, request, options);
  }

  usage(request: wire.UsageRequest, options?: CallOptions): Promise<wire.UsageResponse> {
    return this.#unary("Usage", wire.UsageRequest, wire.UsageResponse, request, options);
  }

  drain(request: wire.DrainRequest, options?: CallOptions): Promise<wire.DrainResponse> {
    return this.#unary("Drain", wire.DrainRequest, wire.DrainResponse, request, options);
  }

  /** Health reports until the plugin goes away (throws), `options.signal` is aborted (throws) or the loop is left. */
  async *health(request: wire.HealthRequest, options?: CallOptions): AsyncGenerator<wire.HealthResponse, void, void> {
    const call = this.#client.stream(`/${pluginService}/Health`, options);
    try {
      call.write(encodeMessage(wire.HealthRequest, request));
      call.end();
      for await (const message of call.messages()) {
        yield decodeMessage(wire.HealthResponse, message, "prism.plugin.v1.HealthResponse");
      }
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    } finally {
      call.cancel();
    }
  }

  async #unary<Request, Response>(
    method: string,
    requestType: MessageType<Request>,
    responseType: MessageType<Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response> {
    try {
      const message = encodeMessage(requestType, request);
      const answer = await this.#client.unary(`/${pluginService}/${method}`, message, options);
      return decodeMessage(responseType, answer, `prism.plugin.v1.${method}Response`);
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }
}
