/** The longest delay of a message that is sent: 14 days. Source: `prism.queue.v1.SendEntry.delay`. */
export const sendDelayMsMax = 1_209_600_000;
/** The longest deduplication id, in bytes of UTF-8. Source: `prism.queue.v1.SendEntry.deduplication_id`. */
export const deduplicationIdBytesMax = 128;
/** The most messages of a receive, and how many when it does not say. Source: `prism.queue.v1.ReceiveRequest`. */
export const receiveMessagesMax = 100;
export const receiveMessagesDefault = 1;
/** The longest wait of a receive. Source: `prism.queue.v1.ReceiveRequest.wait`. */
export const waitMsMax = 20_000;
/** How much earlier than its deadline a receive gives up waiting, so that its answer is still in time. */
export const waitMarginMs = 200;
/** How many messages a consumer may hold when it does not say. Source: `prism.queue.v1.Start`. */
export const consumeMessagesDefault = 100;
/** The most dead letters of a page, and how many when the request does not say; and the bytes of a page. */
export const pageSizeMax = 1_000;
export const pageSizeDefault = 100;
export const pageBytesMax = 3_145_728;
/** The most dead letters that are sent again by one call when none is named, and how many when the request does not say. */
export const redriveLimitMax = 10_000;
export const redriveLimitDefault = 1_000;
/**
 * What a message adds to an answer besides what `messageSizeBytes` counts: tags and lengths of 64 headers (640), the id of the
 * delivery (264), times and counts (64), tags and lengths of the rest.
 */
export const deliveryOverheadBytesMax = 1_024;
/** The same of a dead letter: its cause (1,024) stands for the id of the delivery. */
export const deadLetterOverheadBytesMax = 2_048;
/** How long what is still to do for a call that has ended may take. */
export const releaseTimeoutMs = 5_000;
