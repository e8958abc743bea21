import { Socket, type SocketConstructorOpts } from "node:net";

/** What one read takes at most: about as much as the kernel keeps for a Unix socket. */
const readBufferBytes = 256 * 1024;

/** Reads are handled one after the other, each before the next begins, so one buffer serves all sockets. */
const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);

/**
 * A socket that reads without allocating: all its reads go to one buffer, whose bytes are lent to `onBytes` for the time of
 * the call. It has no "data" events.
 */
export class LendingSocket extends Socket {
  /** Set before the socket is connected. */
  onBytes: (bytes: Buffer) => void = () => {};

  constructor(options: Omit<SocketConstructorOpts, "onread"> = {}) {
    super({
      ...options,
      onread: {
        buffer: readBuffer,
        callback: (sizeBytes) => {
          this.onBytes(readBuffer.subarray(0, sizeBytes));
          return true;
        },
      },
    });
  }
}
