/**
 * Names are percent-encoded: any character is allowed in a namespace's name, and people are to recognise it. A namespace whose name
 * is NULL is being removed: nobody finds it, and its rows go in slices.
 */
export const namespaceTables = () => `
CREATE TABLE version (number int NOT NULL);
INSERT INTO version VALUES (0);

CREATE TABLE namespace (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pattern text NOT NULL,
  name text COLLATE "C",
  UNIQUE (pattern, name)
);

-- The time of this server, in ms since the Unix epoch. It goes on within a transaction.
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

-- The time when the statement came. It stands still during the statement, so an index can be searched for it.
CREATE FUNCTION statement_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint
$$;
`;
