import type { Http2Connection } from "../src/connection.js";
import type { HeaderList } from "../src/header-list.js";

/** How a request ended. */
export interface Outcome {
  status: string | undefined;
  bytes: number;
  /** Empty: the answer ended without any. */
  trailers: HeaderList;
  reset: number | undefined;
}

/** Makes a request and takes the whole answer, whatever it is. */
export function exchange(
  connection: Http2Connection,
  { method, path, body }: { method: string; path: string; body: Buffer },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const outcome: Outcome = { status: undefined, bytes: 0, trailers: [], reset: undefined };
    const headers = [":method", method, ":scheme", "http", ":path", path, ":authority", "test", "te", "trailers"];
    const stream = connection.request(headers, false, {
      onHeaders(response, endStream) {
        outcome.status = response[1];
        if (endStream) resolve(outcome);
      },
      onData(data, endStream) {
        outcome.bytes += data.length;
        stream.releaseWindow(data.length);
        if (endStream) resolve(outcome);
      },
      onTrailers: (trailers) => resolve({ ...outcome, trailers }),
      onWritable() {},
      onReset: (reset) => resolve({ ...outcome, reset }),
    });
    stream.sendData(body, true);
  });
}
