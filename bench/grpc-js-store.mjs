// The yardstick: the smallest key-value server that one would write with @grpc/grpc-js. Prints its port.
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const proto = fileURLToPath(new URL("../proto", import.meta.url));
const definition = loadSync("prism/keyvalue/v1/keyvalue.proto", { includeDirs: [proto] });
const { service } = loadPackageDefinition(definition).prism.keyvalue.v1.KeyValueService;

const store = new Map();
const server = new Server();
server.addService(service, {
  Get: ({ request }, answer) => {
    const value = store.get(request.key);
    answer(null, value === undefined ? { found: false } : { found: true, value, etag: "1" });
  },
  Set: ({ request }, answer) => {
    store.set(request.key, request.value);
    answer(null, { etag: "1" });
  },
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
