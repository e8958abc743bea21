import * as z from "zod";
import { logLevels } from "../telemetry/log.js";
import { address } from "./address.js";
import { capacitySchema } from "./capacity.js";
import { controlStateSchema } from "./control-state.js";
import type { JsonValue } from "./settings.js";
import { tlsSchema } from "./tls.js";
import { duration, optionalSize, size } from "./units.js";

/** Bytes of a namespace's name, as UTF-8. */
const namespaceNameBytesMax = 128;

const json: z.ZodType<JsonValue> = z.json();

const limitBounds = "must be from 1 to 1000000";

const backendName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "a backend's name is 1 to 64 letters, digits, dots, dashes or underscores, and begins with a letter or digit",
  );

const namespaceName = z
  .string()
  .refine((name) => Buffer.byteLength(name) >= 1 && Buffer.byteLength(name) <= namespaceNameBytesMax, {
    message: `a namespace's name is 1 to ${namespaceNameBytesMax} bytes long`,
  })
  .refine((name) => !/\p{Cc}/u.test(name), { message: "a namespace's name has no control characters" });

const serviceName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/,
    "must be a service's full name, such as acme.search.v1.SearchService",
  );

const count = (options: { description: string; min: number; max: number; default: number }) =>
  z
    .int()
    .min(options.min, `must be from ${options.min} to ${options.max}`)
    .max(options.max, `must be from ${options.min} to ${options.max}`)
    .prefault(options.default)
    .meta({ description: options.description, "x-bounds": `${options.min} to ${options.max}` });

/** Far more processes than one proxy can keep busy. */
const replicasMax = 16;

const replicaCount = z
  .int()
  .min(1, `must be from 1 to ${replicasMax}`)
  .max(replicasMax, `must be from 1 to ${replicasMax}`);

const replicas = z
  .union([
    replicaCount,
    z
      .strictObject({ min: replicaCount, max: replicaCount })
      .refine(({ min, max }) => min <= max, { message: "must not be below min", path: ["max"] }),
  ])
  .meta({
    description:
      "How many processes of the plugin serve the backend. `{min: 1, max: 4}`: it starts with the fewest, and the admin API changes how many there are. More than one only where the plugin says that it is replicable.",
    "x-bounds": `1 to ${replicasMax}`,
  });

const backend = z.strictObject({
  plugin: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The plugin: a short name (`redis` means the package `@prism-data/plugin-redis`, then `prism-plugin-redis`) or a package's full name. Either this or `command`.",
    ),
  command: z
    .array(z.string().min(1))
    .min(1, "must name a program")
    .optional()
    .describe(
      "A program, with its arguments, that speaks the plugin contract. A path that begins with `.` is relative to the file's folder. Either this or `plugin`.",
    ),
  settings: z
    .record(z.string(), json)
    .prefault({})
    .describe("What the plugin is told about its data system; `prism plugin describe` shows what a plugin takes."),
  replicas: replicas.prefault(1),
  start_timeout: duration({
    description: "How long the plugin's process may take until it is ready.",
    min: "100ms",
    max: "10m",
    default: "10s",
  }),
  drain_timeout: duration({
    description: "How long calls may take to finish on a plugin process that is being replaced.",
    min: "0s",
    max: "1h",
    default: "10s",
  }),
});

const limit = (description: string) =>
  z.int().min(1, limitBounds).max(1_000_000, limitBounds).optional().meta({ description, "x-bounds": "1 to 1000000" });

/** The limits of one namespace. */
const quota = z
  .strictObject({
    calls_per_second: limit("Calls that may begin in a second, on average. Not given: any number."),
    burst: limit("Calls that may begin at once after a quiet time. Not given: as many as `calls_per_second`."),
    calls_in_flight: limit(
      "Calls that may be under way at once, subscriptions and readers included. Not given: any number.",
    ),
    bytes_per_second: optionalSize({
      description:
        "Bytes of request and answer messages in a second together, on average; as many may come at once after a quiet time. What a call transfers is counted as it passes: above the limit calls under way go on, and new ones are refused until it is made up. Not given: any number.",
      min: "1KiB",
      max: "16GiB",
    }),
    storage_size: optionalSize({
      description:
        "What it may hold on its backend, whose plugin must be able to count it. It is counted every 5 s, so that more may be written before the limit is noticed; then reads, deletes and acknowledgements go on, and what would add is refused until a count is below. Not given: any amount.",
      min: "1KiB",
      max: "1048576GiB",
    }),
    value_size: optionalSize({
      description:
        "The largest value, payload of a message or record, or parameter of a statement. Above it: RESOURCE_EXHAUSTED, SIZE_LIMIT_EXCEEDED. Not given: what the backend's plugin takes.",
      min: "1B",
      max: "64MiB",
    }),
    batch_size: limit(
      "Keys, entries, mutations, messages, records or statements in one request. Above it: RESOURCE_EXHAUSTED, SIZE_LIMIT_EXCEEDED. Not given: what the pattern takes.",
    ),
  })
  .refine(({ calls_per_second, burst }) => burst === undefined || calls_per_second !== undefined, {
    message: "says nothing without calls_per_second",
    path: ["burst"],
  });

const namespaceSchema = z.strictObject({
  compatibility: z
    .enum(["wire_json", "none"])
    .prefault("wire_json")
    .describe(
      "What a change of the app's messages may do. `wire_json`: nothing with which one version misreads what another wrote, on the wire or in JSON; `prism apply` refuses it. `none`: anything.",
    ),
  message: z
    .string()
    .min(1)
    .optional()
    .describe("The full name of the message in it, such as `acme.UserEvents`; `prism apply` writes it."),
  file: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The descriptor set with that message, relative to the file's folder; `prism apply` writes both. Not given: no message is kept, and none compared.",
    ),
});

const namespace = z.strictObject({
  pattern: z.string().min(1).describe("The API that apps use on it, such as `key-value`."),
  backend: z.string().min(1).describe("The backend that holds its data."),
  needs: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "The capabilities that apps rely on. A namespace whose backend lacks one is refused at start. Not given: all that the plugin has.",
    ),
  options: z
    .record(z.string(), json)
    .prefault({})
    .describe(
      "How it is made on its backend, such as its partitions or its retention; `prism plugin describe` shows what a plugin takes for a pattern. No secrets.",
    ),
  durability: z
    .enum(["backend", "disk"])
    .optional()
    .describe(
      "The least that an acknowledged write must survive: `backend`, the end of Prism's processes; `disk`, a power cut of the data system. A namespace whose backend is set to give less is refused with `DURABILITY_MISSING` and the setting to change, and looked at again every second. Not given: whatever the backend gives.",
    ),
  timeout: duration({
    description: "The deadline of calls that come without one.",
    min: "1ms",
    max: "1h",
    default: "5s",
  }),
  limits: quota
    .optional()
    .describe("What its apps may do together. Above it: RESOURCE_EXHAUSTED, QUOTA_EXCEEDED. Not given: no limit."),
  pin: z
    .array(
      z
        .string()
        .regex(
          /^(backend|durability|needs|(options|limits)\.[a-z_]+)$/,
          "is backend, durability, needs, or an option or a limit, such as options.partitions",
        ),
    )
    .optional()
    .describe(
      "What `prism plan` and `prism apply` leave as it is here, whatever an app says it needs, such as `[backend, options.partitions]`. Not given: nothing.",
    ),
  schema: namespaceSchema.optional().describe("The messages in it, and what a change of them may do."),
});

const service = z.strictObject({
  backend: z.string().min(1).describe("The backend whose plugin serves it."),
});

const limits = z.strictObject({
  message_size: size({
    description: "The largest request or response message.",
    min: "1KiB",
    max: "64MiB",
    default: "4MiB",
  }),
  header_size: size({
    description: "The largest list of request headers, as HTTP/2 counts them.",
    min: "1KiB",
    max: "1MiB",
    default: "16KiB",
  }),
  streams_per_connection: count({
    description: "Calls that one connection may have open at once.",
    min: 1,
    max: 100_000,
    default: 1_000,
  }),
  connections: count({
    description: "Connections from apps that may be open at once.",
    min: 1,
    max: 1_000_000,
    default: 10_000,
  }),
  connection_age: duration({
    description:
      "How long an app's HTTP/2 connection may live, give or take a tenth. Then it takes no new calls (GOAWAY), and the app connects anew. `0s`: for ever.",
    min: "0s",
    max: "168h",
    default: "0s",
  }),
  connection_age_grace: duration({
    description: "How long calls may still take on a connection that is too old. Then it is closed.",
    min: "0s",
    max: "168h",
    default: "1m",
  }),
  keepalive_interval: duration({
    description: "After how long a silence an app's HTTP/2 connection is asked for a sign of life (PING). `0s`: never.",
    min: "0s",
    max: "24h",
    default: "1m",
  }),
  keepalive_timeout: duration({
    description: "How long the answer to that may take. Then the connection is closed and its calls are cancelled.",
    min: "10ms",
    max: "10m",
    default: "20s",
  }),
  unread_size: size({
    description:
      "What may wait for apps to read their answers, over all of them. Above it an app that has not read everything gets one answer after the other.",
    min: "1MiB",
    max: "16GiB",
    default: "256MiB",
  }),
  calls_in_flight: count({
    description: "Calls in flight over all connections. Above it: RESOURCE_EXHAUSTED, OVERLOADED.",
    min: 1,
    max: 1_000_000,
    default: 10_000,
  }),
  handshake_timeout: duration({
    description: "How long a new connection may take to finish the TLS handshake and to say what it speaks.",
    min: "100ms",
    max: "5m",
    default: "10s",
  }),
  idle_timeout: duration({
    description: "How long a connection may stay open without a call. gRPC clients connect again by themselves.",
    min: "1s",
    max: "24h",
    default: "15m",
  }),
  request_timeout: duration({
    description:
      "How long an HTTP/JSON request may take to arrive, or the first message of a gRPC call, and how long an answer that is complete may go unread.",
    min: "100ms",
    max: "1h",
    default: "30s",
  }),
});

/** The namespaces of `prism.yaml`, by name. */
export const namespacesSchema = z.record(namespaceName, namespace);

/** All of `prism.yaml`. Strict: a key that is not here is a problem. */
export const configSchema = z
  .strictObject({
    listen: address({ description: "Where apps connect: gRPC and HTTP on one port.", default: "127.0.0.1:8980" }),
    tls: tlsSchema,
    allow_plaintext: z
      .boolean()
      .prefault(false)
      .describe("Listen without `tls` on an address that other machines can reach."),
    admin: z
      .strictObject({
        listen: address({
          description: "Where operators connect: health, metrics and the admin API. Keep it private.",
          default: "127.0.0.1:8981",
        }),
      })
      .prefault({}),
    data_dir: z
      .string()
      .min(1)
      .prefault("./.prism")
      .describe("The folder for control state and embedded data. Relative to the file's folder."),
    control_state: controlStateSchema,
    backends: z.record(backendName, backend).prefault({}).describe("The configured plugins, by a name of your choice."),
    namespaces: namespacesSchema.prefault({}).describe("What apps address, by name."),
    services: z
      .record(serviceName, service)
      .prefault({})
      .describe("gRPC services of plugins beyond the patterns, by full name. Nothing in their messages is read."),
    capacity: capacitySchema,
    limits: limits.prefault({}),
    shutdown_grace: duration({
      description: "How long calls in flight may take to finish when the proxy is asked to stop.",
      min: "0s",
      max: "1h",
      default: "10s",
    }),
    strict_start: z
      .boolean()
      .prefault(false)
      .describe("Refuse to start (exit code 3) when a backend or namespace cannot serve; otherwise the others serve."),
    log: z
      .strictObject({
        level: z.enum(logLevels).prefault("info").describe("How much is logged."),
      })
      .prefault({}),
  })
  .meta({ title: "prism.yaml", description: "The configuration of the Prism gateway." });

/** A configuration that passed the schema. */
export type ParsedConfig = z.output<typeof configSchema>;

/** The JSON Schema of `prism.yaml`, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
}
