/** The largest value, payload or record of any backend: it leaves room for the rest of a message of 4 MiB. */
export const valueBytesMax = 3_145_728;
/** The largest answer: 3.9 MiB, so that with its framing it passes clients that accept 4 MiB, the default of gRPC. */
export const answerBytesMax = 4_089_446;
