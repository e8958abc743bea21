/** How a data system writes the n-th parameter of a statement, from 1. */
type Placeholder = (number: number) => string;

const known: readonly Placeholder[] = [(number) => `?${number}`, (number) => `$${number}`];

const inCases = /\?(\d+)/g;

/**
 * The cases write parameters as ?1; a statement is put into the form that the plugin's data system has, which is found by trying.
 */
export class Placeholders {
  #found: Promise<Placeholder> | undefined;

  /** The statement as the data system writes it. `isTaken` says whether it takes a statement that has one parameter. */
  async translate(sql: string, isTaken: (sql: string) => Promise<boolean>): Promise<string> {
    if (sql.search(inCases) === -1) return sql;
    this.#found ??= find(isTaken);
    const placeholder = await this.#found;
    return sql.replace(inCases, (_, number) => placeholder(Number(number)));
  }
}

async function find(isTaken: (sql: string) => Promise<boolean>): Promise<Placeholder> {
  for (const placeholder of known) if (await isTaken(`SELECT CAST(${placeholder(1)} AS TEXT)`)) return placeholder;
  throw new Error(`The plugin takes none of the parameters ${known.map((placeholder) => placeholder(1)).join(", ")}.`);
}
