import type { PluginContext } from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";

/** What the patterns of an open backend work with. */
export interface Opened {
  readonly settings: Settings;
  readonly context: PluginContext;
  readonly connection: Connection;
  /** For watches, which end when its connection is lost. */
  readonly feed: ChangeFeed;
  /** For those who are woken when there is something to look at. */
  readonly news: ChangeFeed;
  /** Its connection shows that this process is there. */
  readonly presence: ChangeFeed;
}
