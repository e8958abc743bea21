/** The longest id of a message, in bytes of UTF-8. Source: `prism.message.v1.Message.id`. */
export const messageIdBytesMax = 128;
/** The longest key of a message, in bytes of UTF-8. Source: `prism.message.v1.Message.key`. */
export const messageKeyBytesMax = 1_024;
/** The most headers of a message, and their names and values together in bytes. Source: `prism.message.v1.Message.headers`. */
export const headersMax = 64;
export const headersBytesMax = 32_768;
/** The longest name of a header, in bytes of UTF-8. Source: `prism.message.v1.Header.name`. */
export const headerNameBytesMax = 128;
/** The longest content type, in bytes of UTF-8. Source: `prism.message.v1.Message.content_type`. */
export const contentTypeBytesMax = 256;
/** The largest payload where a backend does not say otherwise. Source: `prism.message.v1.Message.payload`. */
export const payloadBytesDefault = 1_048_576;
/** The most messages of one request, and the most ids of an acknowledgement. Source: the protos of the patterns. */
export const messagesPerRequestMax = 1_000;
/** The longest id of a delivery, in characters of ASCII. Source: the patterns' interfaces. */
export const deliveryIdBytesMax = 256;
/** The longest cause of a rejection, in bytes of UTF-8. Source: the protos of the patterns. */
export const causeBytesMax = 1_024;
/** The longest time that a message may be one reader's or wait to be delivered again: 12 hours. */
export const deliveryTimeMsMax = 43_200_000;
/** The longest name of a group, in bytes of UTF-8. Source: the protos of the patterns. */
export const groupBytesMax = 128;
/** How many messages a reader may have at once, and how many when it does not say. Source: the protos of the patterns. */
export const outstandingMessagesMax = 10_000;
export const outstandingMessagesDefault = 1_000;
/** The same in bytes. */
export const outstandingBytesMin = 1_024;
export const outstandingBytesMax = 67_108_864;
export const outstandingBytesDefault = 16_777_216;
/** What one answer of a stream carries: enough to be fast, little enough to be fair. A larger message goes alone. */
export const answerMessagesMax = 1_000;
export const answerBytesTarget = 1_048_576;
