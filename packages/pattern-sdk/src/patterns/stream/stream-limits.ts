/** The bounds that a stream plugin holds apps to. */
export interface StreamLimits {
  /** The largest payload, in bytes: 1 to 3,145,728. Default 1,048,576. */
  readonly payloadBytesMax?: number;
}
