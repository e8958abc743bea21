/** RFC 9113 section 7: error codes of RST_STREAM and GOAWAY. */
export const Http2ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

/**
 * What `StreamEvents.onReset` gets when the connection is gone and the call may have been processed.
 * No peer sends this code for a request that is not CONNECT.
 */
export const connectionLost = Http2ErrorCode.CONNECT_ERROR;

export function errorCodeName(code: number): string {
  return Object.entries(Http2ErrorCode).find(([, value]) => value === code)?.[0] ?? `error ${code}`;
}

/** RFC 9113 section 5.4.1: the peer broke a rule of the connection; it ends with GOAWAY and this code. */
export class ConnectionFault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionFault";
    this.code = code;
  }
}

/** Thrown by `Http2Connection.request` when the connection takes no new request: it is draining or closed. */
export class ConnectionClosedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionClosedError";
  }
}
