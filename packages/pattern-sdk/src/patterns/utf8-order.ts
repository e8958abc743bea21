/**
 * Compares two strings in the order of their UTF-8 bytes, which is the order of their code points: below 0, 0 or above 0. The
 * order of an ordered scan. JavaScript's own `<` compares UTF-16 units and puts U+10000 and above before U+E000 to U+FFFF.
 *
 * For well-formed strings, which all keys are. Makes no copies. Pure. Source: `prism.keyvalue.v1.ScanRequest`.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return codePointRank(unitA) - codePointRank(unitB);
  }
  return a.length - b.length;
}

/** Moves the surrogates (0xD800 to 0xDFFF) above every other unit and keeps all other order. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
