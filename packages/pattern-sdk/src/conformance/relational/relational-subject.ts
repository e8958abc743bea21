import { relationalKind } from "../../patterns/relational/relational-kind.js";
import { Subject } from "../subject.js";
import { Placeholders } from "./placeholders.js";
import { RelationalClient } from "./relational-client.js";

/** The plugin under test, for its relational pattern. */
export class RelationalSubject extends Subject<RelationalClient> {
  readonly kind = relationalKind;
  readonly #placeholders = new Placeholders();

  clientOf(name: string): RelationalClient {
    return new RelationalClient(() => this.connection.client, name, this.#placeholders);
  }
}
