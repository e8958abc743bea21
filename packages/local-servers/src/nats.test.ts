import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nats } from "./nats.js";

test("a NATS that would ignore the expiry of keys is refused by its version", async () => {
  const folder = await mkdtemp(join(tmpdir(), "prism-old-nats-"));
  try {
    await writeFile(join(folder, "nats-server"), "#!/bin/sh\necho nats-server: v2.9.10\n", { mode: 0o755 });
    await expect(nats.find({ PATH: folder })).rejects.toThrow(/is NATS 2\.9\.10; 2\.11 is the oldest/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
