import { publishMethods } from "./publish-methods.js";
import { subscribeMethods } from "./subscribe-methods.js";

/** The methods of `prism.pubsub.v1.PubSubService` on top of the namespaces' `PubSub`, by name. */
export const pubSubMethods = { ...publishMethods, ...subscribeMethods };
