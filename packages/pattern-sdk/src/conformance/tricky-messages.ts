import type { Message } from "../protocol/gen/prism/message/v1/message.js";
import { messageOf } from "./messages.js";

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

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
  "\n",
  "prism",
  "😀",
];

/** Messages in whose fields something is easily lost or changed. */
export const trickyMessages: readonly Message[] = [
  messageOf({}),
  messageOf({ payload: everyByte }),
  messageOf({ payload: Buffer.alloc(300) }),
  messageOf({ id: "given", key: "k", contentType: "application/json", payload: Buffer.from("{}") }),
  messageOf({ id: "😀".repeat(32), key: "é".repeat(512), contentType: `text/plain; q="${"x".repeat(240)}"` }),
  messageOf({ id: "a\0b", key: "\r\n\t", contentType: "\u0001" }),
  messageOf({ key: "*", headers: headerNames.map((name) => ({ name, value: Buffer.from(`of ${name}`) })) }),
  messageOf({ headers: ["1", "2", "1", ""].map((value) => ({ name: "same", value: Buffer.from(value) })) }),
  messageOf({ headers: [{ name: "binary-bin", value: everyByte }], payload: Buffer.from("with a binary header") }),
  messageOf({ headers: Array.from({ length: 64 }, (_, index) => ({ name: `h${index}`, value: Buffer.of(index) })) }),
  messageOf({ headers: [{ name: "n".repeat(128), value: Buffer.alloc(32_768 - 128, 0xff) }], payload: Buffer.of(0) }),
];
