import assert from "node:assert/strict";
import { pubSubKind } from "../../patterns/pub-sub/pub-sub-kind.js";
import { PublishRequest } from "../../protocol/gen/prism/pubsub/v1/pubsub.js";
import { encodeMessage } from "../../protocol/message.js";
import { messageOf } from "../messaging/messages.js";
import type { PatternSuite } from "../pattern-suite.js";
import { acknowledgementCases } from "./acknowledgement.js";
import { deadLetterCases } from "./dead-letters.js";
import { delayCases } from "./delay.js";
import { durabilityCases } from "./durability.js";
import { durableGroupCases } from "./durable-groups.js";
import { groupCases } from "./groups.js";
import { invalidRequests } from "./invalid-requests.js";
import { modelCases } from "./model.js";
import { namespaceCases } from "./namespaces.js";
import { orderingCases } from "./ordering.js";
import { PubSubSubject } from "./pub-sub-subject.js";
import { pubSubUses } from "./pub-sub-uses.js";
import { publishStreamCases } from "./publish-streams.js";
import { publishingCases } from "./publishing.js";
import { sizedRequests } from "./sized-requests.js";
import { slowReaderCases } from "./slow-readers.js";
import { wildcardCases } from "./wildcards.js";

/** How the pub-sub pattern is proven. */
export const pubSubSuite: PatternSuite<PubSubSubject> = {
  kind: pubSubKind,
  start: (options) => PubSubSubject.start(options),
  cases: [
    ...publishingCases,
    ...publishStreamCases,
    ...slowReaderCases,
    ...wildcardCases,
    ...groupCases,
    ...acknowledgementCases,
    ...orderingCases,
    ...delayCases,
    ...deadLetterCases,
    ...durableGroupCases,
    ...namespaceCases,
    ...modelCases,
  ],
  restartCases: durabilityCases,
  probe: {
    method: "Publish",
    request: (namespace) =>
      encodeMessage(PublishRequest, { namespace, topic: "nobody.listens", messages: [messageOf({ id: "m" })] }),
  },
  uses: pubSubUses,
  invalidRequests,
  sizedRequests,
  async witness(pubsub) {
    const subscription = await pubsub.subscribe("witness");
    return async () => {
      await pubsub.publish("witness", "end");
      assert.deepEqual(await subscription.before("end"), []);
      subscription.leave();
    };
  },
};
