import { queue } from "@prism-data/pattern-sdk/protocol";
import type { OpenCall } from "../../open-call.js";
import { methodsOf, type ProxyConnection } from "../../proxy-connection.js";

const method = methodsOf("prism.queue.v1.QueueService");
const send = method("Send", queue.SendRequest, queue.SendResponse);
const receive = method("Receive", queue.ReceiveRequest, queue.ReceiveResponse);
const consume = method("Consume", queue.ConsumeRequest, queue.ConsumeResponse);
const acknowledge = method("Acknowledge", queue.AcknowledgeRequest, queue.AcknowledgeResponse);
const reject = method("Reject", queue.RejectRequest, queue.RejectResponse);
const describe = method("Describe", queue.DescribeRequest, queue.DescribeResponse);
const listDeadLetters = method("ListDeadLetters", queue.ListDeadLettersRequest, queue.ListDeadLettersResponse);
const redrive = method("Redrive", queue.RedriveRequest, queue.RedriveResponse);

type Without<Request> = Omit<Request, "namespace">;

/** The queue calls on one namespace. */
export class QueueClient {
  readonly #connection: ProxyConnection;
  readonly #namespace: string;

  constructor(connection: ProxyConnection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  send(entries: queue.SendEntry[]): Promise<queue.SendResponse> {
    const request = { namespace: this.#namespace, entries };
    return this.#connection.finished(send, request, this.#tried("send to"));
  }

  receive(request: Without<queue.ReceiveRequest>): Promise<queue.ReceiveResponse> {
    return this.#connection.unary(receive, { namespace: this.#namespace, ...request }, this.#tried("receive from"));
  }

  consume(): OpenCall<queue.ConsumeRequest, queue.ConsumeResponse> {
    return this.#connection.open(consume, this.#tried("consume"));
  }

  acknowledge(deliveryIds: string[]): Promise<queue.AcknowledgeResponse> {
    const request = { namespace: this.#namespace, deliveryIds };
    return this.#connection.finished(acknowledge, request, this.#tried("acknowledge deliveries of"));
  }

  reject(request: Without<queue.RejectRequest>): Promise<queue.RejectResponse> {
    const whole = { namespace: this.#namespace, ...request };
    return this.#connection.finished(reject, whole, this.#tried("reject deliveries of"));
  }

  describe(): Promise<queue.DescribeResponse> {
    return this.#connection.unary(describe, { namespace: this.#namespace }, this.#tried("describe"));
  }

  /** Goes through all pages, up to `limit` dead letters. */
  async *deadLetters(limit: number): AsyncGenerator<queue.DeadLetter, void, undefined> {
    let remaining = limit;
    let pageToken = "";
    do {
      const request = { namespace: this.#namespace, pageSize: Math.min(remaining, pageSizeMax), pageToken };
      const page = await this.#connection.unary(listDeadLetters, request, this.#tried("list the dead letters of"));
      yield* page.deadLetters;
      remaining -= page.deadLetters.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && remaining > 0);
  }

  redrive(request: Without<queue.RedriveRequest>): Promise<queue.RedriveResponse> {
    const whole = { namespace: this.#namespace, ...request };
    return this.#connection.finished(redrive, whole, this.#tried("send the dead letters again of"));
  }

  #tried(verb: string): string {
    return `${verb} ${JSON.stringify(this.#namespace)}`;
  }
}

/** The most dead letters that the API puts in one page. */
const pageSizeMax = 1_000;
