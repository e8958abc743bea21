import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";

/** A host and a port to connect to. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT` or `[IPV6]:PORT`. `origin` names the option or variable that it came from. */
export function parseServerAddress(text: string, origin: string): ServerAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port > 0 && port <= 65_535) return { host, port };
  const example = "write HOST:PORT, such as 127.0.0.1:8980 or [::1]:8980";
  throw new CommandFailure(ExitCode.usage, `${origin} is not an address: ${JSON.stringify(text)}; ${example}`);
}

/** Writes an address the way `parseServerAddress` reads it. */
export function formatServerAddress({ host, port }: ServerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
