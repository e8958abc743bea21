import { BinaryReader } from "@bufbuild/protobuf/wire";

const prefixBytes = 5;
const lengthDelimited = 2;

/**
 * Whether a whole gRPC request, given in the pieces it came in, carries a non-empty message in a field. Asked when a plugin was
 * lost with the call, never on the way there.
 */
export function carriesToken(chunks: readonly Uint8Array[], tokenField: number): boolean {
  const request = Buffer.concat(chunks);
  if (request.length < prefixBytes || request.readUInt32BE(1) !== request.length - prefixBytes) return false;
  const reader = new BinaryReader(request.subarray(prefixBytes));
  try {
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === tokenField && wireType === lengthDelimited) return reader.uint32() > 0;
      reader.skip(wireType, field);
    }
  } catch {
    // Not a message: the plugin would have refused it, so nothing is gained by sending it again.
  }
  return false;
}
