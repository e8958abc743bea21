import { boundsOf } from "../../patterns/bounds.js";
import { pubSubKind } from "../../patterns/pub-sub/pub-sub-kind.js";
import { Subject } from "../subject.js";
import { PubSubClient } from "./pub-sub-client.js";

/** The plugin under test, for its pub-sub pattern. */
export class PubSubSubject extends Subject<PubSubClient> {
  readonly kind = pubSubKind;

  clientOf(name: string): PubSubClient {
    return new PubSubClient(() => this.connection.client, name);
  }

  /** The largest payload that the plugin says it takes. */
  get payloadBytesMax(): number {
    return boundsOf(pubSubKind, this.definition.patterns["pub-sub"]?.limits).payloadBytesMax;
  }

  /** A size of payload that the plugin takes, the one wanted if possible. */
  payloadSize(wantedBytes: number): number {
    return Math.min(wantedBytes, this.payloadBytesMax);
  }
}
