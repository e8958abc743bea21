import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kafka } from "./kafka.js";
import { LocalServer } from "./local-server.js";

test("Kafka's own distribution is used from KAFKA_HOME", { timeout: 120_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), "prism-kafka-home-"));
  try {
    await symlink(join(process.env.PRISM_PROGRAMS_DIR!, "kafka/lib"), join(home, "libs"));
    const environment = { PATH: process.env.PATH, KAFKA_HOME: home };
    expect(await kafka.find(environment)).toBe(home);
    await using server = await LocalServer.start(kafka, { environment });
    expect(await kafka.isReady({ ports: [server.port] })).toBe(true);
  } finally {
    await rm(home, { recursive: true });
  }
});
