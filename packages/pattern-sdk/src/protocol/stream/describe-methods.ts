import type { StreamTypes } from "../../patterns/stream/stream-kind.js";
import { DescribeRequest, DescribeResponse } from "../gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../message.js";
import { wireOrdering } from "../messaging/wire-messages.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import { andThen, readerOf, unaryMethod } from "../pattern/pattern-method.js";
import { checkGroup } from "./checked-requests.js";
import { wirePartition } from "./wire-answers.js";

/** The method that says what the log holds. */
export const describeMethods = {
  Describe: unaryMethod<StreamTypes, DescribeRequest>(
    readerOf(DescribeRequest, "prism.stream.v1.DescribeRequest"),
    (bound, { group }, context) => {
      const ofGroup = group !== "";
      if (ofGroup) {
        requireCapability(bound, "groups", "The field group");
        checkGroup(group, "group");
      }
      return andThen(bound.pattern.describe(ofGroup ? group : undefined, context), ({ partitions, ordering }) =>
        encodeMessage(DescribeResponse, {
          partitions: partitions.map((partition) => wirePartition(partition, ofGroup)),
          ordering: wireOrdering(ordering),
        }),
      );
    },
  ),
};
