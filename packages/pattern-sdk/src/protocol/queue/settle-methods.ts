import * as wire from "../gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../message.js";
import { andThen } from "../pattern/pattern-method.js";
import { queueMethod } from "./queue-method.js";
import { settleAcknowledge, settleExtend, settleReject } from "./settling.js";
import { wireExtensions, wireStatuses } from "./wire-answers.js";

/** The methods that say what became of deliveries. */
export const settleMethods = {
  Acknowledge: queueMethod("Acknowledge", wire.AcknowledgeRequest, (bound, request, context, { statusOfEntry }) =>
    andThen(settleAcknowledge(bound, request, "", context), (results) =>
      encodeMessage(wire.AcknowledgeResponse, wireStatuses(results, statusOfEntry)),
    ),
  ),

  Reject: queueMethod("Reject", wire.RejectRequest, (bound, request, context, { statusOfEntry }) =>
    andThen(settleReject(bound, request, "", context), (results) =>
      encodeMessage(wire.RejectResponse, wireStatuses(results, statusOfEntry)),
    ),
  ),

  Extend: queueMethod("Extend", wire.ExtendRequest, (bound, request, context, { statusOfEntry }) =>
    andThen(settleExtend(bound, request, "", context), (results) =>
      encodeMessage(wire.ExtendResponse, wireExtensions(results, statusOfEntry)),
    ),
  ),
};
