/** The version of the contract between proxy and plugin that this SDK speaks. Source: `prism.plugin.v1`. */
export const contractVersion = 1;

/** The environment variable that carries the absolute path of the Unix socket that the plugin must bind. */
export const pluginSocketEnv = "PRISM_PLUGIN_SOCKET";

/** The longest path of a Unix socket, in bytes: Darwin's `sun_path` less its final zero, so that it fits everywhere. */
export const socketPathBytesMax = 103;

/** The line that a plugin prints on stdout, once, as soon as its socket is bound. Unknown keys are ignored. */
export interface Handshake {
  /** The version of this line's format. */
  readonly prism_handshake: 1;
  /** The versions of the contract that the plugin speaks, from and to. */
  readonly contract: { readonly min: number; readonly max: number };
  /** The id of the plugin's process. */
  readonly pid: number;
  /** The absolute path of the bound socket. */
  readonly socket: string;
  /** The plugin's short name. */
  readonly name: string;
  /** The plugin's version, as semver. */
  readonly version: string;
  /** What every call must carry as `authorization: Bearer TOKEN`. Not there: calls carry nothing. */
  readonly token?: string;
  /**
   * Any number of calls may be cancelled (RST_STREAM) at once. Not there: a few hundred are, the others one after the other, since
   * most HTTP/2 servers end a connection that cancels faster.
   */
  readonly takes_cancels?: boolean;
}

/** Writes the line, without its newline. */
export function formatHandshake(handshake: Handshake): string {
  return JSON.stringify(handshake);
}

/**
 * Reads a line of a plugin's stdout. `undefined`: it is something else, to be logged. Throws an `Error` that explains what is
 * wrong when the line is a handshake that cannot be used: another format, no common version of the contract, a missing field.
 */
export function parseHandshake(line: string): Handshake | undefined {
  const fields = jsonObject(line);
  if (fields === undefined || !("prism_handshake" in fields)) return undefined;
  if (fields.prism_handshake !== 1) {
    throw new Error(
      `The plugin printed a handshake of format ${JSON.stringify(fields.prism_handshake)}; this Prism reads format 1. Update the older of the two.`,
    );
  }
  const { token, takes_cancels } = fields;
  if (token !== undefined && (typeof token !== "string" || token === "")) throw wrongField("token", "a non-empty text");
  if (takes_cancels !== undefined && typeof takes_cancels !== "boolean")
    throw wrongField("takes_cancels", "true or false");
  return {
    prism_handshake: 1,
    contract: checkedContract(fields.contract),
    pid: checkedPid(fields.pid),
    socket: checkedSocket(fields.socket),
    name: checkedText(fields, "name"),
    version: checkedText(fields, "version"),
    ...(token === undefined ? {} : { token }),
    ...(takes_cancels === undefined ? {} : { takes_cancels }),
  };
}

function jsonObject(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function wrongField(name: string, expected: string): Error {
  return new Error(`The plugin's handshake line has no usable "${name}": expected ${expected}.`);
}

function checkedText(fields: Record<string, unknown>, name: string): string {
  const text = fields[name];
  if (typeof text !== "string" || text === "") throw wrongField(name, "a non-empty text");
  return text;
}

function checkedContract(contract: unknown): Handshake["contract"] {
  const { min, max } = (contract ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || (min as number) > (max as number)) {
    throw wrongField("contract", '{"min": N, "max": M} with whole numbers');
  }
  const range = { min: min as number, max: max as number };
  if (contractVersion < range.min || contractVersion > range.max) {
    throw new Error(
      `The plugin speaks versions ${range.min} to ${range.max} of the plugin contract; this Prism speaks version ${contractVersion}. Update the older of the two.`,
    );
  }
  return range;
}

function checkedPid(pid: unknown): number {
  if (!Number.isSafeInteger(pid) || (pid as number) < 1) throw wrongField("pid", "the id of the plugin's process");
  return pid as number;
}

function checkedSocket(socket: unknown): string {
  if (typeof socket !== "string" || !socket.startsWith("/")) throw wrongField("socket", "an absolute path");
  const sizeBytes = Buffer.byteLength(socket);
  if (sizeBytes > socketPathBytesMax) {
    throw new Error(
      `The plugin's socket path is ${sizeBytes} bytes long; at most ${socketPathBytesMax} are allowed: ${socket}`,
    );
  }
  return socket;
}
