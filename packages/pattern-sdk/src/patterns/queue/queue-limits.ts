/** The bounds that a queue plugin holds apps to. */
export interface QueueLimits {
  /** The largest payload of a message, in bytes: 1 to 3,145,728. Default 1,048,576. */
  readonly payloadBytesMax?: number;
}
