import type { Broken } from "../../suite-proof.js";
import { brokenDeliveries } from "./broken-deliveries.js";
import { brokenGroups } from "./broken-groups.js";
import { brokenNamespaces } from "./broken-namespaces.js";
import { brokenPublishing } from "./broken-publishing.js";
import type { ReferenceParts } from "./reference-plugin.js";

/** Each does one thing wrong: what the suite must be able to tell from pub-sub that keeps its promises. */
export const brokenPubSubs: readonly (Broken & ReferenceParts)[] = [
  ...brokenPublishing,
  ...brokenDeliveries,
  ...brokenGroups,
  ...brokenNamespaces,
];
