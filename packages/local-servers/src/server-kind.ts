/** The variables of the environment that servers are found by: `PATH`, and `PRISM_PROGRAMS_DIR` for what is not on it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Those of one server: at least the one that clients use, which is the first. */
export type Ports = readonly [number, ...number[]];

/** Where one server runs: its program, its folder, its ports on the loopback. */
export interface ServerSite {
  /** What `find` gave. */
  readonly program: string;
  /** The server's own folder: it holds `data` and what the server needs beside it. */
  readonly folder: string;
  /** One for each of the kind's `standardPorts`, in that order. */
  readonly ports: Ports;
  /** Whom it is run as. `undefined`: whoever runs this process. */
  readonly account: Account | undefined;
  readonly environment: Environment;
}

/** What is run. */
export interface ServerCommand {
  readonly file: string;
  readonly arguments: readonly string[];
}

/** A user of the machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * One kind of server that can run on this machine, as a foreground process that listens on the loopback alone, logs on stdout or
 * stderr, keeps its data in its folder, and acknowledges only what is as durable as that kind of server can make it.
 */
export interface ServerKind {
  /** Also the name of the plugin that talks to it. */
  readonly name: string;
  /** The ports that people expect it on. */
  readonly standardPorts: Ports;
  /** Asks it to end gracefully. */
  readonly stopSignal: NodeJS.Signals;
  /** Ends it at once when its data is not needed any more, and leaves nothing of it behind on the machine. */
  readonly discardSignal: NodeJS.Signals;
  /** The program's path, or its folder when it has several. Throws LocalServerError, which says how to install it. */
  find(environment: Environment): Promise<string>;
  version(program: string): Promise<string>;
  /** Whom it must be run as. Left out: whoever runs this process. */
  account?(): Promise<Account | undefined>;
  /** Makes the data and the files of settings, where they are missing. Called before every start. */
  prepare(site: ServerSite): Promise<void>;
  /** The command line; further arguments may follow. */
  command(site: ServerSite): Promise<ServerCommand>;
  /** Whether it answers a real command now. An open port is not enough. */
  isReady(site: Pick<ServerSite, "ports">): Promise<boolean>;
  /** Where clients find it. */
  url(port: number): string;
}
