import * as wire from "../gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../message.js";
import { checkResults } from "../pattern/check-results.js";
import { andThen } from "../pattern/pattern-method.js";
import { checkedEntries } from "./checked-requests.js";
import { queueMethod } from "./queue-method.js";
import { wireDescription, wireSent } from "./wire-answers.js";

/** The methods that need no lease. */
export const sendMethods = {
  Send: queueMethod("Send", wire.SendRequest, (bound, { entries }, context, { statusOfEntry }) =>
    andThen(bound.pattern.send(checkedEntries(bound, entries), context), (results) => {
      checkResults(results, entries.length, "send");
      return encodeMessage(wire.SendResponse, { outcomes: results.map((result) => wireSent(result, statusOfEntry)) });
    }),
  ),

  Describe: queueMethod("Describe", wire.DescribeRequest, ({ pattern }, _, context) =>
    andThen(pattern.describe(context), (description) =>
      encodeMessage(wire.DescribeResponse, wireDescription(description)),
    ),
  ),
};
