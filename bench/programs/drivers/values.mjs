import { Buffer } from "node:buffer";

/** So many bytes that no layer can shorten. */
export const valuesOf = (sizeBytes) => Buffer.alloc(sizeBytes, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

/** 1 KiB. */
export const value = valuesOf(1_024);
