import { type Duplex, duplexPair } from "node:stream";
import { Http2Connection } from "../src/connection.js";
import { FrameType } from "../src/frame.js";
import type { ConnectionOptions } from "../src/limits.js";
import type { Http2Stream } from "../src/stream.js";
import { RawPeer, rawFrame, requestHeaders, uint32 } from "./raw-peer.js";

/** A client's connection to a server that says exactly what a test tells it to. */
export interface ScriptedConnection {
  readonly connection: Http2Connection;
  readonly peer: RawPeer;
  readonly socket: Duplex;
}

export function connectToScript(options: ConnectionOptions = {}): ScriptedConnection {
  const [ours, theirs] = duplexPair();
  const connection = Http2Connection.connect(ours, { lingerMs: 50, ...options });
  return { connection, peer: new RawPeer(theirs, "server"), socket: theirs };
}

/** A request, and what came of it, in order. */
export interface Answer {
  readonly stream: Http2Stream;
  readonly events: string[];
}

export function request(connection: Http2Connection, endStream = true): Answer {
  const events: string[] = [];
  const stream = connection.request(requestHeaders, endStream, {
    onHeaders: (headers, end) => events.push(`headers ${headers.join(" ")}${end ? " end" : ""}`),
    onData: (data, end) => events.push(`data ${data.toString()}${end ? " end" : ""}`),
    onTrailers: (trailers) => events.push(`trailers ${trailers.join(" ")}`),
    onWritable: () => events.push("writable"),
    onReset: (errorCode) => events.push(`reset ${errorCode}`),
  });
  return { stream, events };
}

/** Everything sent before has been handled when the answer to a ping is there. */
export async function settled(peer: RawPeer): Promise<void> {
  peer.send(rawFrame(FrameType.PING, 0, 0, uint32(0xfeed, 0xbeef)));
  await peer.next(FrameType.PING);
}
