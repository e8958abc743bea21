import { join } from "node:path";
import { benchFile, runProgram } from "../programs.mjs";

const timeoutMs = 30_000;

/** Makes a CA and a certificate for this machine, as Prism's users do, and answers where they are. */
export async function makeCertificates({ folder }) {
  const out = join(folder, "certs");
  await runProgram([benchFile("../bin/prism"), "certs", "--out", out], { timeoutMs });
  return { ca: join(out, "ca.pem"), certFile: join(out, "server.pem"), keyFile: join(out, "server.key") };
}
