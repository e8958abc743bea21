/** The longest key, prefix and end of a range, in bytes of UTF-8. Source: `prism.keyvalue.v1`. */
export const keyBytesMax = 1_024;
/** The longest etag, in bytes. Source: `prism.keyvalue.v1.SetRequest.if_etag`. */
export const etagBytesMax = 128;
/** The longest time to live: ten years of 365.25 days. Source: `prism.keyvalue.v1.SetRequest.ttl`. */
export const ttlMsMax = 315_576_000_000;
/** The most entries of a batch, and of a transaction's conditions and mutations. Source: `prism.keyvalue.v1`. */
export const batchEntriesMax = 1_000;
/** The most entries of a page of a scan, and how many there are when the request does not say. */
export const scanLimitMax = 10_000;
export const scanLimitDefault = 1_000;
/** The most bytes of keys and values in a page of a scan, and how many there are when the request does not say. */
export const pageSizeBytesMax = 3_145_728;
export const pageSizeBytesDefault = 1_048_576;
/** What an entry adds to an answer besides key and value: etag (128), expire_time (20), tags and lengths. */
export const entryOverheadBytesMax = 192;
/** How far a watcher may fall behind: what one reader may hold of the plugin's memory. Source: `ChangeSink`. */
export const watchBufferBytesMax = 8 * 1_048_576;
export const watchBufferChangesMax = 10_000;
