import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import { seededRandom } from "../seeded-random.js";
import { type MessageFields, messageOf } from "./messages.js";

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const random = seededRandom(7);

const header = (name: string, value: Uint8Array | string) => ({ name, value: Buffer.from(value) });

/** Names that some data system, client or protocol treats as something else than themselves. */
const headerNames = [
  "a",
  "A",
  "content-type",
  "Content-Type",
  "id",
  "grpc-status",
  ":path",
  "é",
  "e\u0301",
  "x y",
  "with : and =",
  "\n",
  "prism",
  "__proto__",
  "constructor",
  "toString",
  "😀",
];

const shapes: readonly MessageFields[] = [
  { payload: "" },
  { payload: everyByte, contentType: "application/octet-stream" },
  { payload: Buffer.alloc(300) },
  { payload: "\0" },
  { payload: '{"a":"é\\u0000😀"}', contentType: "application/json; charset=utf-8" },
  { payload: Buffer.from([0xff, 0xfe, 0xc3, 0x28]) },
  { key: "k".repeat(1_024) },
  { key: "é".repeat(512), contentType: `text/plain; q="${"x".repeat(240)}"` },
  { key: "é:{}*\0\r\n\t%\u2028😀", contentType: "\u0001" },
  { contentType: "c".repeat(256) },
  { key: "*", headers: headerNames.map((name) => header(name, `of ${name}`)) },
  { headers: ["1", "2", "1", ""].map((value) => header("same", value)) },
  { headers: [header("binary", everyByte), header("empty", ""), header("nul", "\0"), header("lines", "a\r\nb")] },
  { headers: Array.from({ length: 64 }, (_, index) => header(`header ${index}`, random.bytes(480))) },
  { headers: [header("n".repeat(128), random.bytes(32_768 - 128))] },
];

const ids = ["i".repeat(128), "😀".repeat(32), "\0", "a\0b", "a:b", "a b", "*", "é", "e\u0301"];

/** Messages in whose fields something is easily lost or changed; each has an id of its own. */
export const trickyMessages: readonly Message[] = [
  ...shapes.map((shape, index) => messageOf({ id: `shape ${index}`, payload: `payload ${index}`, ...shape })),
  ...ids.map((id) => messageOf({ id, payload: `of ${id}` })),
];

/** One of them, whose headers' names repeat and whose order counts. */
export const messageWithSameHeaders: Message = trickyMessages.find(({ headers }) => headers[0]?.name === "same")!;
