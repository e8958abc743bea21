import { serverTimeoutSetting, textSetting } from "@prism-data/pattern-sdk";
import * as z from "zod";

/** The settings of a NATS backend. */
export const settingsSchema = z
  .strictObject({
    url: textSetting
      .superRefine((url, check) => {
        const problem = problemOf(url);
        if (problem !== undefined) check.addIssue({ code: "custom", message: problem });
      })
      .describe(
        "Where the server is: nats://HOST:PORT. The port may be left out (4222). Names and passwords do not belong in it.",
      ),
    username: textSetting.optional().describe("The user. With password. Default: none."),
    password: textSetting
      .optional()
      .describe("The user's password; take it from the environment or a file, do not write it here. Default: none."),
    token: textSetting
      .optional()
      .describe("The token, in place of username and password; take it from the environment or a file. Default: none."),
    connect_timeout: serverTimeoutSetting
      .prefault("2s")
      .describe("How long an attempt to connect may take. 100ms to 1m; default 2s."),
    command_timeout: serverTimeoutSetting
      .prefault("2s")
      .describe(
        "How long NATS may stay silent while calls wait for it; then they fail with BACKEND_UNAVAILABLE. 100ms to 1m; default 2s.",
      ),
    subject_prefix: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "Must be 1 to 64 letters, digits, underscores or dashes.")
      .default("prism")
      .describe(
        "What all subjects start with. Two Prisms that share a server and are not to share data need two prefixes. 1 to 64 " +
          "letters, digits, underscores or dashes; default prism.",
      ),
    replicas: z
      .int()
      .min(1)
      .max(5)
      .default(1)
      .describe(
        "On how many servers of a cluster JetStream keeps what it acknowledges. 1 to 5, at most as many as there are servers; default 1.",
      ),
  })
  .superRefine(({ username, password, token }, check) => {
    const refuse = (path: string[], message: string) => check.addIssue({ code: "custom", path, message });
    if ((username === undefined) !== (password === undefined))
      refuse(["username"], "username and password need each other.");
    if (token !== undefined && username !== undefined) refuse(["token"], "Must not be given beside username.");
  });

/** The settings as they are used: durations in ms. */
export type Settings = z.output<typeof settingsSchema>;

function problemOf(url: string): string | undefined {
  if (!URL.canParse(url)) return "Must be a URL such as nats://127.0.0.1:4222.";
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(url);
  if (protocol !== "nats:") return "Must start with nats://.";
  if (username !== "" || password !== "")
    return "Must not carry a user or password: a URL is logged. Use username and password.";
  if (hostname === "") return "Must name a host.";
  return (pathname === "" || pathname === "/") && search === "" && hash === "" ? undefined : "Must end with the port.";
}
