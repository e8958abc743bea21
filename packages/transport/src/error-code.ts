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

/** What a peer did, or left undone, that its connection ended for: a closed list, so that it can be counted. */
export type ConnectionOffence =
  | "protocol_error"
  | "flow_control_error"
  | "frame_size_error"
  | "compression_error"
  | "stream_closed"
  | "reset_flood"
  | "control_flood"
  | "empty_frame_flood"
  | "header_flood"
  | "unread_answers"
  | "handshake_timeout"
  | "idle_timeout"
  | "keepalive_timeout";

const offenceOfCode: Readonly<Record<number, ConnectionOffence>> = {
  [Http2ErrorCode.FLOW_CONTROL_ERROR]: "flow_control_error",
  [Http2ErrorCode.FRAME_SIZE_ERROR]: "frame_size_error",
  [Http2ErrorCode.COMPRESSION_ERROR]: "compression_error",
  [Http2ErrorCode.STREAM_CLOSED]: "stream_closed",
};

/** RFC 9113 section 5.4.1: the peer broke a rule of the connection; it ends with GOAWAY and this code. */
export class ConnectionFault extends Error {
  readonly code: number;
  readonly offence: ConnectionOffence;

  /** `offence`: what the code does not tell by itself. */
  constructor(code: number, message: string, offence?: ConnectionOffence) {
    super(message);
    this.name = "ConnectionFault";
    this.code = code;
    this.offence = offence ?? offenceOfCode[code] ?? "protocol_error";
  }
}

export function protocolError(message: string): ConnectionFault {
  return new ConnectionFault(Http2ErrorCode.PROTOCOL_ERROR, message);
}

/** Thrown by `Http2Connection.request` when the connection takes no new request: it is draining or closed. */
export class ConnectionClosedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionClosedError";
  }
}
