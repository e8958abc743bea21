// The smallest key-value service that one would write with @grpc/grpc-js.
import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The packages of Prism that one of its proto files defines. */
export function loadPrism(file) {
  const proto = fileURLToPath(new URL("../../proto", import.meta.url));
  return loadPackageDefinition(loadSync(file, { includeDirs: [proto] })).prism;
}

/** Adds Get and Set to a server. */
export function addKeyValueService(server) {
  const { service } = loadPrism("prism/keyvalue/v1/keyvalue.proto").keyvalue.v1.KeyValueService;
  const store = new Map();
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
}
