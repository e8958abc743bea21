import { BlockList, isIPv6 } from "node:net";
import * as z from "zod";

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

const addressPattern = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]/]+)):(\d{1,5})$/;
const portMax = 65_535;

/** Reads `127.0.0.1:8980`, `localhost:0` or `[::1]:8980`; `undefined` when it is none. */
export function parseAddress(text: string): Address | undefined {
  const [, ipv6, host, digits] = addressPattern.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > portMax) return undefined;
  return { host: ipv6 ?? host ?? "", port };
}

/** Writes an address the way `parseAddress` reads it. */
export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether only this machine can connect to it. A host name other than `localhost` may mean anything. */
export function isLoopback({ host }: Address): boolean {
  return host === "localhost" || loopback.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

/** The schema of an address to listen on. */
export function address(options: { description: string; default: string }) {
  const malformed = "must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:8980 or [::1]:8980";
  return z
    .string(malformed)
    .refine((text) => parseAddress(text) !== undefined, malformed)
    .transform((text) => parseAddress(text) ?? { host: "", port: 0 })
    .prefault(options.default)
    .meta({ description: options.description, "x-bounds": "port 0 to 65535; 0 picks a free one" });
}
