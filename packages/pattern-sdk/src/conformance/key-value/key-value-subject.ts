import { boundsOf } from "../../patterns/bounds.js";
import { keyValueKind } from "../../patterns/key-value/key-value-kind.js";
import { Subject } from "../subject.js";
import { KeyValueClient } from "./key-value-client.js";

/** A time to live that cases can wait for, and that a busy machine does not use up between two calls. */
const shortTtlMs = 400;

/** The plugin under test, for its key-value pattern. */
export class KeyValueSubject extends Subject<KeyValueClient> {
  readonly kind = keyValueKind;
  readonly #bounds = boundsOf(keyValueKind, this.definition.patterns["key-value"]?.limits);

  clientOf(name: string): KeyValueClient {
    return new KeyValueClient(() => this.connection.client, name);
  }

  /** The largest value that the plugin says it takes. */
  get valueBytesMax(): number {
    return this.#bounds.valueBytesMax;
  }

  /** The smallest time to live of the plugin, of which all others are multiples. */
  get ttlGrainMs(): number {
    return this.#bounds.ttlGrainMs;
  }

  /** A time to live to wait for. */
  get shortTtlMs(): number {
    return Math.ceil(shortTtlMs / this.ttlGrainMs) * this.ttlGrainMs;
  }

  /** A size of value that the plugin takes, the one wanted if possible. */
  valueSize(wantedBytes: number): number {
    return Math.min(wantedBytes, this.valueBytesMax);
  }
}
