/** The longest statement, in bytes of UTF-8. Source: `prism.relational.v1.Statement.sql`. */
export const sqlBytesMax = 1_048_576;
/** The most parameters of a statement. Source: `prism.relational.v1.Statement.parameters`. */
export const parametersMax = 1_000;
/** The most elements of an array in a parameter. Source: `prism.relational.v1.Array.elements`. */
export const arrayElementsMax = 10_000;
/** The most statements of a batch. Source: `prism.relational.v1.ExecuteBatchRequest.statements`. */
export const batchStatementsMax = 1_000;
/** The most rows of a response, and how many there are when the request does not say. Source: `QueryRequest.batch_rows`. */
export const batchRowsMax = 10_000;
export const batchRowsDefault = 1_000;
/** How large a response of several rows may be, in bytes. Source: `QueryRequest.batch_rows`. */
export const batchBytesMax = 1_048_576;
/** How long a transaction may wait for its app, in ms. Source: `prism.relational.v1.Begin.idle_timeout`. */
export const idleTimeoutMs = { min: 1_000, max: 600_000, default: 10_000 } as const;
