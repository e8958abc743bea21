import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameTally } from "../http2-frames.ts";
import type { Attack, AttackOutcome } from "./attack.ts";

/** How long the attacker waits for the end once it has sent everything. */
const endsWithinMs = 20_000;

/** Sends at most this many bytes a second: an attack without a bound would only measure how the kernel shares the cores. */
export class Pace {
  readonly #bytesPerSecond: number;
  #nextAtMs = performance.now();

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  async allow(sizeBytes: number, signal: AbortSignal): Promise<void> {
    this.#nextAtMs = Math.max(this.#nextAtMs, performance.now() - 50) + (1000 * sizeBytes) / this.#bytesPerSecond;
    const waitMs = this.#nextAtMs - performance.now();
    if (waitMs > 1) await passed(waitMs, signal);
  }
}

/** Waits, or until the signal. */
export async function passed(waitMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const waited = Promise.withResolvers<void>();
  const timer = setTimeout(waited.resolve, waitMs);
  signal.addEventListener("abort", () => waited.resolve(), { once: true });
  await waited.promise;
  clearTimeout(timer);
}

/** Runs an attack on one connection. */
export async function runSession(
  attack: Attack,
  at: { host: string; port: number },
  pace: Pace,
): Promise<AttackOutcome> {
  const tally = new FrameTally();
  const over = new AbortController();
  let closedBy: AttackOutcome["closedBy"] = "nobody";
  const end = (by: "server" | "attacker") => {
    if (over.signal.aborted) return;
    closedBy = by;
    over.abort();
  };
  const socket = connect({ ...at, noDelay: true });
  socket
    .on("error", () => {})
    .on("close", () => end("server"))
    .on("end", () => end("server"));
  socket.on("data", (chunk) => {
    tally.push(chunk);
    if (tally.streamsEnded.size >= (attack.leavesAfterStreams ?? Number.POSITIVE_INFINITY)) end("attacker");
  });
  if (attack.readsNothing) socket.pause();
  await send(socket, attack, { pace, over: over.signal });
  // An end is only seen by who reads.
  socket.resume();
  await passed(endsWithinMs, over.signal);
  socket.destroy();
  return { goaway: tally.goaway ?? null, resets: tally.resets, streamsEnded: tally.streamsEnded.size, closedBy };
}

async function send(socket: Socket, attack: Attack, { pace, over }: { pace: Pace; over: AbortSignal }): Promise<void> {
  await Promise.race([once(socket, "connect"), passed(endsWithinMs, over)]).catch(() => {});
  for (const piece of attack.pieces()) {
    if (over.aborted) return;
    if (!socket.write(piece)) await Promise.race([once(socket, "drain"), passed(endsWithinMs, over)]).catch(() => {});
    await pace.allow(piece.length, over);
  }
}
