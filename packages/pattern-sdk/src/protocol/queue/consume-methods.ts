import type { QueueTypes } from "../../patterns/queue/queue-kind.js";
import { ConsumeRequest } from "../gen/prism/queue/v1/queue.js";
import { firstMessage, streamMethod } from "../pattern/stream-method.js";
import { checkedStart } from "./checked-requests.js";
import { Consumer } from "./consumer.js";

/** The method that takes messages for as long as its call lasts. */
export const consumeMethods = {
  Consume: streamMethod<QueueTypes>(async (call, environment) => {
    const request = await firstMessage(call, ConsumeRequest, "prism.queue.v1.ConsumeRequest");
    const bound = environment.resolve(request.namespace, call);
    const start = checkedStart(bound, request);
    // Tells the app that it is being served, however long the first message takes.
    call.sendHeaders();
    await new Consumer({ call, bound, start, environment }).run();
  }),
};
