import { Socket, type SocketConstructorOpts } from "node:net";

/** What one read takes at most: about as much as the kernel keeps for a Unix socket. */
const readBufferBytes = 256 * 1024;

/** Reads are handled one after the other, each before the next begins, so one buffer serves all sockets. */
const readBuffer: Buffer = Buffer.allocUnsafeSlow(readBufferBytes);

type TakeBytes = (bytes: Buffer) => void;

/**
 * A socket that can be read without allocating: all reads go to one buffer, and what is in it is lent to whoever takes the
 * bytes. Until somebody does, it is a socket like others.
 */
export class LendingSocket extends Socket {
  #take: TakeBytes | undefined;

  constructor(options: Omit<SocketConstructorOpts, "onread"> = {}) {
    super({
      ...options,
      onread: { buffer: readBuffer, callback: (sizeBytes) => this.#onRead(readBuffer.subarray(0, sizeBytes)) },
    });
  }

  /** From now on all bytes go to `take`, for the time of the call, and there are no "data" events any more. */
  lendTo(take: TakeBytes): void {
    const early: Buffer | null = this.read();
    this.#take = take;
    if (early !== null) queueMicrotask(() => take(early));
  }

  #onRead(bytes: Buffer): boolean {
    if (this.#take === undefined) return this.push(Buffer.from(bytes));
    this.#take(bytes);
    return true;
  }
}

/**
 * Makes a lending socket of one that a server has accepted with `pauseOnConnect`. Node.js lets only sockets that connect choose
 * their buffer, so the new one shares the handle of the accepted one, which stays to be counted by its server. The handle is not
 * documented: where there is none, the accepted socket serves as it is.
 */
export function lendingSocket(accepted: Socket): Socket {
  const { _handle: handle } = accepted as { _handle?: object | null };
  if (!handle) return accepted;
  const options = { handle, allowHalfOpen: accepted.allowHalfOpen } as SocketConstructorOpts;
  const socket = new LendingSocket(options);
  socket.once("close", () => accepted.destroy());
  return socket;
}
