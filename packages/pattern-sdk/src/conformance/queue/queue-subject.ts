import { boundsOf } from "../../patterns/bounds.js";
import { queueKind } from "../../patterns/queue/queue-kind.js";
import { Subject } from "../subject.js";
import { QueueClient } from "./queue-client.js";

/** The plugin under test, for its queue pattern. */
export class QueueSubject extends Subject<QueueClient> {
  readonly kind = queueKind;
  readonly #bounds = boundsOf(queueKind, this.definition.patterns.queue?.limits);

  clientOf(name: string): QueueClient {
    return new QueueClient(() => this.connection.client, name);
  }

  /** The largest payload that the plugin says it takes. */
  get payloadBytesMax(): number {
    return this.#bounds.payloadBytesMax;
  }

  /** A size of payload that the plugin takes, the one wanted if possible. */
  payloadSize(wantedBytes: number): number {
    return Math.min(wantedBytes, this.payloadBytesMax);
  }
}
