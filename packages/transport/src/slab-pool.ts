/** One holds what most turns send, and a read's worth of bytes that wait. */
export const slabBytes = 64 * 1024;

/** Slabs kept for their next use, 4 MiB; a burst's others go to the garbage collector. */
const maxIdleSlabs = 64;

const idleSlabs: Buffer[] = [];

/** Memory for bytes on their way out. Used again, so that large messages make no work for the garbage collector. */
export function takeSlab(): Buffer {
  return idleSlabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
}

/** Once for each slab, when nobody reads it any more. */
export function returnSlab(slab: Buffer): void {
  if (idleSlabs.length < maxIdleSlabs) idleSlabs.push(slab);
}
