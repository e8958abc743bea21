import type { HeaderList } from "./header-list.js";

/**
 * A list and one field more, for a value that differs from call to call beside many that do not: the list is encoded once for
 * all of them, and the field never takes room in a table.
 */
export class ExtendedHeaders {
  readonly headers: HeaderList;
  readonly name: string;
  readonly value: string;

  /** `value`: ASCII. */
  constructor(headers: HeaderList, name: string, value: string) {
    this.headers = headers;
    this.name = name;
    this.value = value;
  }
}

/** What a request may be sent with. */
export type RequestHeaders = HeaderList | ExtendedHeaders;
