import { type messagev1, stream } from "@prism-data/pattern-sdk/protocol";
import type { OpenCall } from "../../open-call.js";
import { methodsOf, type ProxyConnection } from "../../proxy-connection.js";

const method = methodsOf("prism.stream.v1.StreamService");
const append = method("Append", stream.AppendRequest, stream.AppendResponse);
const appendStream = method("AppendStream", stream.AppendStreamRequest, stream.AppendStreamResponse);
const read = method("Read", stream.ReadRequest, stream.ReadResponse);
const consume = method("Consume", stream.ConsumeRequest, stream.ConsumeResponse);
const describe = method("Describe", stream.DescribeRequest, stream.DescribeResponse);

/** The stream calls on one namespace. */
export class StreamClient {
  readonly #connection: ProxyConnection;
  readonly #namespace: string;

  constructor(connection: ProxyConnection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  append(record: messagev1.Message): Promise<stream.AppendResponse> {
    return this.#connection.unary(append, { namespace: this.#namespace, records: [record] }, this.#tried("append to"));
  }

  appendStream(): OpenCall<stream.AppendStreamRequest, stream.AppendStreamResponse> {
    return this.#connection.open(appendStream, this.#tried("append to"));
  }

  read(options: Omit<stream.ReadRequest, "namespace">): AsyncGenerator<stream.ReadResponse, void, undefined> {
    return this.#connection.serverStream(read, { namespace: this.#namespace, ...options }, this.#tried("read"));
  }

  consume(group: string): OpenCall<stream.ConsumeRequest, stream.ConsumeResponse> {
    return this.#connection.open(consume, this.#tried("consume", ` as a member of ${JSON.stringify(group)}`));
  }

  describe(group: string): Promise<stream.DescribeResponse> {
    return this.#connection.unary(describe, { namespace: this.#namespace, group }, this.#tried("describe"));
  }

  #tried(verb: string, how = ""): string {
    return `${verb} ${JSON.stringify(this.#namespace)}${how}`;
  }
}
