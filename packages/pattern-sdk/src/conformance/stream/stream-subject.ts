import { boundsOf } from "../../patterns/bounds.js";
import { streamKind } from "../../patterns/stream/stream-kind.js";
import { Subject } from "../subject.js";
import { StreamClient } from "./stream-client.js";

/** The plugin under test, for its stream pattern. */
export class StreamSubject extends Subject<StreamClient> {
  readonly kind = streamKind;
  readonly #bounds = boundsOf(streamKind, this.definition.patterns.stream?.limits);

  clientOf(name: string): StreamClient {
    return new StreamClient(() => this.connection.client, name);
  }

  /** The largest payload that the plugin says it takes. */
  get payloadBytesMax(): number {
    return this.#bounds.payloadBytesMax;
  }

  /** A size of payload that the plugin takes, the one wanted if possible. */
  payloadSize(wantedBytes: number): number {
    return Math.min(wantedBytes, this.payloadBytesMax);
  }

  /** A fresh namespace with so many partitions. */
  partitioned(partitions: number): Promise<StreamClient> {
    return this.namespace({ options: { partitions } });
  }
}
