import type { PluginContext } from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import type { News } from "./news.js";

/** What the patterns of an open backend work with. */
export interface Opened {
  readonly settings: Settings;
  readonly context: PluginContext;
  readonly connection: Connection;
  /** For watches, which end when its connection is lost. */
  readonly feed: ChangeFeed;
  readonly news: News;
}
