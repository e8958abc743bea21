import { Buffer } from "node:buffer";

/** So many bytes that no layer can shorten. */
export const valuesOf = (sizeBytes) => Buffer.alloc(sizeBytes, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

/** 1 KiB. */
export const value = valuesOf(1_024);

let written = 0;

/** The same 1 KiB with another beginning each time: what is written anew must not be what is there. */
export function nextValue() {
  written += 1;
  value.writeUInt32LE(written);
  return value;
}
