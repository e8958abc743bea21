/** A bounded attack on one connection. */
export interface Attack {
  /** What is sent after the connection stands, piece by piece, until it ends or the other side closes. */
  pieces(): Iterable<Buffer>;
  /** What it provokes ends streams, not the connection: it leaves when so many have ended. Default: it waits to be closed. */
  readonly leavesAfterStreams?: number;
  /** Nothing that comes back is read. */
  readonly readsNothing?: true;
}

/** How one connection of an attack ended. */
export interface AttackOutcome {
  /** The code of the GOAWAY that came; `null`: none. */
  readonly goaway: number | null;
  /** How often each code came in RST_STREAM. */
  readonly resets: Readonly<Record<number, number>>;
  /** Streams that the server reset or ended. */
  readonly streamsEnded: number;
  /** Who closed it; `nobody`: it was open when the attacker stopped waiting. */
  readonly closedBy: "server" | "attacker" | "nobody";
}
