import {
  deadLetterTopic,
  type GroupDelivery,
  hasWildcards,
  type MemberRequest,
  type SubscriberGroup,
  WaitingReceives,
} from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import type { Connection } from "./connection.js";
import { encodeName } from "./key-space.js";
import { makeGroupScript, removeGroupsScript } from "./pub-sub-scripts.js";
import { groupKey, type PubSubSpace } from "./pub-sub-space.js";
import type { QueueBounds } from "./queue-store.js";
import { WaitedStore } from "./waited-store.js";

/** Of a group that is one subscription's own: it keeps everything for as long as that is there. */
const unbounded: QueueBounds = { deliveriesMax: undefined, retentionMs: undefined };

/** What stands for nothing where a group is described to the server. */
const none = "-";

export interface PubSubGroupOptions {
  readonly connection: Connection;
  readonly news: ChangeFeed;
  readonly space: PubSubSpace;
  /** `undefined`: it is one subscription's own, and gone with it. */
  readonly name: string | undefined;
  readonly topic: string;
  readonly bounds: QueueBounds;
  /** The channel that shows that this process is there. */
  readonly alive: string;
}

/** One group, as its members in this process see it: a queue of what was published to its topic. */
export class PubSubGroup implements SubscriberGroup {
  readonly key: string;
  readonly store: WaitedStore;
  readonly waiting: WaitingReceives<MemberRequest, GroupDelivery>;
  /** How many take from it in this process. */
  members = 0;
  readonly #options: PubSubGroupOptions;

  constructor(options: PubSubGroupOptions) {
    const { connection, news, space, name, topic, bounds } = options;
    this.#options = options;
    this.key = groupKey(name, topic);
    this.store = new WaitedStore({
      connection,
      base: space.groupBase(this.key),
      channel: space.groupChannel(this.key),
      news,
      ...(name === undefined ? unbounded : { ...bounds, sparedTopic: deadLetterTopic(name) }),
    });
    this.waiting = new WaitingReceives<MemberRequest, GroupDelivery>(this.store);
  }

  /** `undefined`: it is one subscription's own. */
  get name(): string | undefined {
    return this.#options.name;
  }

  /** Makes the group unless it is there, and notes that somebody is in it. */
  async make(): Promise<void> {
    const { connection, space, name, topic, alive } = this.#options;
    const described = name === undefined ? [alive, none] : [none, encodeName(name)];
    const args = [this.key, ...described, topic, hasWildcards(topic) ? "1" : ""];
    await connection.run(makeGroupScript, [`${space.base}groups`], [space.base, space.database, ...args]);
  }

  /** Nobody waits any more. */
  close(): void {
    this.waiting.close();
    this.store.close();
  }

  /** Removes the group with all that it holds. */
  async remove(): Promise<void> {
    const { connection, space } = this.#options;
    await connection.run(removeGroupsScript, [`${space.base}groups`], [space.base, space.database, this.key]);
  }
}
