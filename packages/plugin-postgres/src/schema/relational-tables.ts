/**
 * The SQL of a relational namespace runs in a database of its own, as a role of its own; both have the same name. Their password is made
 * of the secret, which only the plugin's user can read.
 */
export const relationalTables = () => `
CREATE TABLE relational_secret (secret bytea NOT NULL);
INSERT INTO relational_secret
  VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

CREATE TABLE relational_database (
  namespace_id int PRIMARY KEY,
  name text NOT NULL,
  ready boolean NOT NULL DEFAULT false
);
`;
