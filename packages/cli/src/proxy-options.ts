import type { ClientTls } from "@prism-data/transport";
import { type Command, Option } from "commander";
import { parseDuration } from "./duration.js";
import type { Invocation } from "./invocation.js";
import { ProxyConnection } from "./proxy-connection.js";
import { parseServerAddress } from "./server-address.js";
import { addTlsOptions, readTls, type TlsOptions } from "./tls-options.js";

const defaultTimeout = { ms: 10_000, text: "10s" } as const;

/** One of the two doors of a proxy: how its address is given. */
interface Door {
  readonly flag: string;
  readonly variable: string;
  readonly defaultAddress: string;
  readonly description: string;
  readonly advice: string;
}

const dataDoor: Door = {
  flag: "server",
  variable: "PRISM_SERVER",
  defaultAddress: "127.0.0.1:8980",
  description: "the proxy's address",
  advice: "start a proxy with `prism serve`, or name one with --server HOST:PORT or PRISM_SERVER",
};

const adminDoor: Door = {
  flag: "admin",
  variable: "PRISM_ADMIN",
  defaultAddress: "127.0.0.1:8981",
  description: "the proxy's admin address",
  advice: "start a proxy with `prism serve`, or name the admin address of one with --admin HOST:PORT or PRISM_ADMIN",
};

/** The options of a command that calls a proxy, as they were given. */
export interface ProxyOptions extends TlsOptions {
  readonly server?: string;
  readonly admin?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

/** Adds the options of commands that use data. */
export function addDataOptions(command: Command): Command {
  return addTlsOptions(addOptions(command, dataDoor));
}

/** Adds the options of commands that ask the proxy about itself. */
export function addAdminOptions(command: Command): Command {
  return addOptions(command, adminDoor);
}

function addOptions(command: Command, door: Door): Command {
  const origin = `${door.description} (also: ${door.variable}; default: ${door.defaultAddress})`;
  return command.option(`--${door.flag} <host:port>`, origin).addOption(timeoutOption()).option("--json", "print JSON");
}

/** How long whatever needs a proxy may take. */
export function timeoutOption(): Option {
  return new Option("--timeout <duration>", "how long connecting and each call may take")
    .argParser(parseDuration)
    .default(defaultTimeout.ms, defaultTimeout.text);
}

/** Connects to the address for data: option, then environment, then default. */
export async function connectToData(options: ProxyOptions, invocation: Invocation): Promise<ProxyConnection> {
  const tls = await readTls(options, invocation.workingDir);
  return await connect({ ...dataDoor, tls }, options.server, options, invocation);
}

/** Connects to the admin address: option, then environment, then default. */
export function connectToAdmin(options: ProxyOptions, invocation: Invocation): Promise<ProxyConnection> {
  return connect({ ...adminDoor, tls: undefined }, options.admin, options, invocation);
}

function connect(
  door: Door & { tls: ClientTls | undefined },
  given: string | undefined,
  options: ProxyOptions,
  { environment, interrupted }: Invocation,
): Promise<ProxyConnection> {
  const text = given ?? (environment[door.variable] || door.defaultAddress);
  const server = parseServerAddress(text, given === undefined ? door.variable : `--${door.flag}`);
  const { tls, advice } = door;
  return ProxyConnection.open({ server, tls, timeoutMs: options.timeout, signal: interrupted, advice });
}
