import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { openConnection, runAsAdmin, sharedUrl, temporarySchema } from "../testing/own-connection.js";
import { makeSchema } from "./make-schema.js";
import { migrations } from "./migrations.js";

async function clientOn(schema: string, user?: string): Promise<Client> {
  const connectionString = user === undefined ? sharedUrl() : sharedUrl().replace(/\/\/[^@]*@/, `//${user}@`);
  const client = new Client({ connectionString, options: `-c search_path=${schema}` });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

test("20 processes that start at once make the tables once, and all find them", async () => {
  const schema = temporarySchema();
  const clients = await Promise.all(Array.from({ length: 20 }, () => clientOn(schema)));
  await Promise.all(clients.map((client) => makeSchema(client, schema)));
  for (const client of clients) {
    const { rows } = await client.query("SELECT number FROM version");
    expect(rows).toEqual([{ number: migrations.length }]);
  }
});

test("a schema that is there is left as it is", async () => {
  const schema = temporarySchema();
  const client = await clientOn(schema);
  await makeSchema(client, schema);
  await client.query("INSERT INTO namespace (pattern, name) VALUES ('queue', 'n')");
  await makeSchema(client, schema);
  expect((await client.query("SELECT name FROM namespace")).rows).toEqual([{ name: "n" }]);
});

test("a schema of a newer plugin is refused and not touched", async () => {
  const schema = temporarySchema();
  const client = await clientOn(schema);
  await makeSchema(client, schema);
  await client.query("UPDATE version SET number = number + 1");
  const connection = await openConnection({ schema });
  expect(connection.isUp).toBe(false);
  expect(() => connection.requireUp()).toThrow(/made by a newer plugin/);
});

test("a user who may not make schemas can use one that was made for it", async () => {
  const schema = temporarySchema();
  const user = `${schema}_user`;
  await runAsAdmin(`CREATE ROLE ${user} LOGIN; CREATE SCHEMA ${schema} AUTHORIZATION ${user}`);
  onTestFinished(async () => {
    await runAsAdmin(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
  });
  const client = await clientOn(schema, user);
  await makeSchema(client, schema);
  expect((await client.query("SELECT number FROM version")).rows).toHaveLength(1);
});
