/** The element types of the arrays that are sent. Source: PostgreSQL's catalog pg_type. */
const elementOids = { bytea: 17, int8: 20, int4: 23, text: 25 } as const;

const headerBytes = 20;
const lengthBytes = 4;
const isNull = -1;

/** One element as it travels; `undefined`: NULL. */
type Element = Uint8Array | undefined;

/**
 * Arrays in PostgreSQL's binary form, as parameters: bytes stay bytes, where the text form would write each of them as two digits
 * and escape what it writes. Source: array_recv in PostgreSQL's arrayfuncs.c.
 */
export function byteaArray(elements: readonly Element[]): Buffer {
  return binaryArray(elementOids.bytea, elements);
}

export function textArray(elements: readonly (string | undefined)[]): Buffer {
  return binaryArray(
    elementOids.text,
    elements.map((element) => (element === undefined ? undefined : Buffer.from(element))),
  );
}

export function int4Array(elements: readonly number[]): Buffer {
  return binaryArray(
    elementOids.int4,
    elements.map((element) => {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(element);
      return bytes;
    }),
  );
}

export function int8Array(elements: readonly (bigint | number | undefined)[]): Buffer {
  return binaryArray(
    elementOids.int8,
    elements.map((element) => {
      if (element === undefined) return undefined;
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeBigInt64BE(BigInt(element));
      return bytes;
    }),
  );
}

function binaryArray(elementOid: number, elements: readonly Element[]): Buffer {
  const bytes = Buffer.allocUnsafe(
    headerBytes + elements.reduce((sum, element) => sum + lengthBytes + (element?.length ?? 0), 0),
  );
  const dimensions = 1;
  const firstIndex = 1;
  const hasNulls = elements.includes(undefined) ? 1 : 0;
  let at = 0;
  for (const field of [dimensions, hasNulls, elementOid, elements.length, firstIndex])
    at = bytes.writeInt32BE(field, at);
  for (const element of elements) {
    at = bytes.writeInt32BE(element?.length ?? isNull, at);
    if (element === undefined) continue;
    bytes.set(element, at);
    at += element.length;
  }
  return bytes;
}
