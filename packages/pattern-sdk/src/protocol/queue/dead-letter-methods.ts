import * as wire from "../gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../message.js";
import { checkedWithin } from "../messaging/checked-deliveries.js";
import { answerBytesMax } from "../pattern/message-bounds.js";
import { openPageToken, type PageTokenScope, sealPageToken } from "../pattern/page-token.js";
import { andThen, withCapability } from "../pattern/pattern-method.js";
import { checkedSelection } from "./checked-requests.js";
import { deadLetterOverheadBytesMax, pageBytesMax, pageSizeDefault, pageSizeMax } from "./queue-bounds.js";
import { queueMethod } from "./queue-method.js";
import { wireDeadLetter } from "./wire-answers.js";

const pageSizes = { min: 1, max: pageSizeMax, fallback: pageSizeDefault };

/** The methods of the capability `dead_letter`. */
export const deadLetterMethods = {
  ListDeadLetters: queueMethod(
    "ListDeadLetters",
    wire.ListDeadLettersRequest,
    withCapability("dead_letter", "ListDeadLetters", (bound, { pageSize, pageToken }, context, { plugin }) => {
      const scope: PageTokenScope = {
        plugin,
        namespace: bound.namespace,
        request: ["dead letters"],
        fields: "namespace",
      };
      const limit = checkedWithin(pageSize, pageSizes, "page_size");
      const request = {
        limit,
        // What the letters' causes and framing may take is kept free, so that the page fits into one message.
        bytesMax: Math.min(pageBytesMax, answerBytesMax - limit * deadLetterOverheadBytesMax),
        cursor: pageToken === "" ? undefined : openPageToken(pageToken, scope),
      };
      return andThen(bound.pattern.listDeadLetters!(request, context), ({ deadLetters, cursor }) =>
        encodeMessage(wire.ListDeadLettersResponse, {
          deadLetters: deadLetters.map(wireDeadLetter),
          nextPageToken: cursor === undefined ? "" : sealPageToken(cursor, scope),
        }),
      );
    }),
  ),

  Redrive: queueMethod(
    "Redrive",
    wire.RedriveRequest,
    withCapability("dead_letter", "Redrive", (bound, request, context) =>
      andThen(bound.pattern.redrive!(checkedSelection(request), context), (redriven) =>
        encodeMessage(wire.RedriveResponse, { redriven: BigInt(redriven) }),
      ),
    ),
  ),
};
