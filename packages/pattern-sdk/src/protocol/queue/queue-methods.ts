import { consumeMethods } from "./consume-methods.js";
import { deadLetterMethods } from "./dead-letter-methods.js";
import { receiveMethods } from "./receive-methods.js";
import { sendMethods } from "./send-methods.js";
import { settleMethods } from "./settle-methods.js";

/** The methods of `prism.queue.v1.QueueService` on top of the namespaces' `Queue`, by name. */
export const queueMethods = {
  ...sendMethods,
  ...receiveMethods,
  ...consumeMethods,
  ...settleMethods,
  ...deadLetterMethods,
};
