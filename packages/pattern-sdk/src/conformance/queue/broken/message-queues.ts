import type { CallContext } from "../../../call-context.js";
import type { Message } from "../../../patterns/messaging/message.js";
import type { ReceiveRequest } from "../../../patterns/queue/index.js";
import { type BrokenQueue, broken } from "./broken-queue.js";
import { type Held, ReferenceQueue } from "./reference-queue.js";

const asItWasSent =
  "messages: a message arrives as it was sent: id, key, headers in their order, content type and payload";

/** Queues that change messages, or hand them out wrongly. */
export const messageQueues: readonly BrokenQueue[] = [
  broken(
    "keeps one header of each name",
    asItWasSent,
    class extends ReferenceQueue {
      override stored(message: Message): Message {
        const headers = new Map(message.headers.map((header) => [header.name, header]));
        return { ...message, headers: [...headers.values()] };
      }
    },
  ),
  broken(
    "keeps the values of headers as text",
    asItWasSent,
    class extends ReferenceQueue {
      override stored(message: Message): Message {
        const headers = message.headers.map(({ name, value }) => ({
          name,
          value: Buffer.from(Buffer.from(value).toString()),
        }));
        return { ...message, headers };
      }
    },
  ),
  broken(
    "keeps payloads as text",
    asItWasSent,
    class extends ReferenceQueue {
      override stored(message: Message): Message {
        return { ...message, payload: Buffer.from(Buffer.from(message.payload).toString()) };
      }
    },
  ),
  broken(
    "hands out the newest message first",
    "messages: messages come about in the order in which they were sent",
    class extends ReferenceQueue {
      override inOrder = (): readonly Held[] => this.held.toReversed();
    },
  ),
  broken(
    "hands out more bytes than an answer can have",
    "messages: more messages than fit into an answer come in several",
    class extends ReferenceQueue {
      override take = (request: ReceiveRequest) => super.take({ ...request, bytesMax: Number.POSITIVE_INFINITY });
    },
  ),
  broken(
    "does not look again while a receive waits",
    "receiving: a receive that waits is answered as soon as a message is there",
    class extends ReferenceQueue {
      override pause = () => new Promise<void>((resolve) => setTimeout(resolve, 6_000));
    },
  ),
  broken(
    "does not wait at all",
    "receiving: a receive that waits in vain says so after its wait",
    class extends ReferenceQueue {
      override receive = (request: ReceiveRequest, context: CallContext) =>
        super.receive({ ...request, waitMs: 0 }, context);
    },
  ),
  broken(
    "leases messages for receives that nobody waits for any more",
    "receiving: a receive that was cancelled while it waited takes no message with it",
    class extends ReferenceQueue {
      override receive = (request: ReceiveRequest, context: CallContext) =>
        super.receive(request, { ...context, signal: new AbortController().signal });
      override release = async () => {};
    },
  ),
];
