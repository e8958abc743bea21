import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";

const Client = makeGenericClientConstructor({}, "raw");
const callTimeoutMs = 5_000;

/** Sends bytes as the one message of a call, whatever they are, and returns the bytes of the answer. */
export async function rawUnary(address: string, path: string, message: Buffer): Promise<Buffer> {
  const client = new Client(address, credentials.createInsecure());
  const asItIs = (bytes: Buffer) => bytes;
  const options = { deadline: Date.now() + callTimeoutMs };
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, asItIs, asItIs, message, options, (error, answer) => {
        if (error) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  } finally {
    client.close();
  }
}
