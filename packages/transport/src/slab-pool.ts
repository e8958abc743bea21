/** One holds what most turns send: 64 KiB in frames of 16 KiB, with their headers. */
export const slabBytes = 65 * 1024;

/** Bytes up to this size are better copied to memory of their own: a slab for a few bytes would hold more than it is worth. */
export const copyAloneBytes = 4 * 1024;

/** Slabs kept for their next use, 16 MiB: what a few dozen large messages hold. A burst's others go to the garbage collector. */
const maxIdleSlabs = 256;

const idleSlabs: Buffer[] = [];

/** Memory for bytes on their way out. Used again, so that large messages make no work for the garbage collector. */
export function takeSlab(): Buffer {
  return idleSlabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
}

/** Once for each slab, when nobody reads it any more. */
export function returnSlab(slab: Buffer): void {
  if (idleSlabs.length < maxIdleSlabs) idleSlabs.push(slab);
}
