import { ConnectionFault, Http2ErrorCode } from "./error-code.js";
import { readUint32, writeUint32 } from "./frame.js";

/** RFC 9113 section 6.5.2. */
const SettingId = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

const settingBytes = 6;
export const initialWindowBytes = 65_535;
export const minFrameBytes = 16_384;
const maxFrameBytes = 2 ** 24 - 1;
export const maxWindowBytes = 2 ** 31 - 1;

/** Settings of one side, as far as they were sent; undefined ones keep their value. */
export interface Settings {
  readonly headerTableBytes?: number | undefined;
  readonly enablePush?: number | undefined;
  readonly maxConcurrentStreams?: number | undefined;
  readonly initialWindowBytes?: number | undefined;
  readonly maxFrameBytes?: number | undefined;
  readonly maxHeaderListBytes?: number | undefined;
}

const fieldOf: ReadonlyMap<number, keyof Settings> = new Map<number, keyof Settings>([
  [SettingId.HEADER_TABLE_SIZE, "headerTableBytes"],
  [SettingId.ENABLE_PUSH, "enablePush"],
  [SettingId.MAX_CONCURRENT_STREAMS, "maxConcurrentStreams"],
  [SettingId.INITIAL_WINDOW_SIZE, "initialWindowBytes"],
  [SettingId.MAX_FRAME_SIZE, "maxFrameBytes"],
  [SettingId.MAX_HEADER_LIST_SIZE, "maxHeaderListBytes"],
]);

function check(settings: Settings): void {
  const { enablePush = 0, initialWindowBytes: window = 0, maxFrameBytes: frame = minFrameBytes } = settings;
  if (enablePush > 1) throw new ConnectionFault(Http2ErrorCode.PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH is not 0 or 1");
  if (window > maxWindowBytes) {
    throw new ConnectionFault(Http2ErrorCode.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE is above 2^31-1");
  }
  if (frame < minFrameBytes || frame > maxFrameBytes) {
    throw new ConnectionFault(Http2ErrorCode.PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE is out of range");
  }
}

/** Parses a SETTINGS payload; the last value of a repeated setting counts, unknown ones are ignored. */
export function parseSettings(bytes: Uint8Array, start: number, end: number): Settings {
  if ((end - start) % settingBytes !== 0) {
    throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, "SETTINGS length is not a multiple of 6");
  }
  const settings: { -readonly [name in keyof Settings]: number | undefined } = {};
  for (let at = start; at < end; at += settingBytes) {
    const field = fieldOf.get((bytes[at]! << 8) | bytes[at + 1]!);
    if (field === undefined) continue;
    settings[field] = readUint32(bytes, at + 2);
    check(settings);
  }
  return settings;
}

export function serializeSettings(settings: Settings): Buffer {
  const fields = [...fieldOf].filter(([, field]) => settings[field] !== undefined);
  const bytes = Buffer.alloc(fields.length * settingBytes);
  for (const [position, [id, field]] of fields.entries()) {
    bytes[position * settingBytes + 1] = id;
    writeUint32(bytes, position * settingBytes + 2, settings[field]!);
  }
  return bytes;
}
