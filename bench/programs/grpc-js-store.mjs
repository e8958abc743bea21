// usage: grpc-js-store.mjs ADDRESS. Prints its port, 0 on a Unix socket.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { addKeyValueService } from "./grpc-js-service.mjs";

const server = new Server();
addKeyValueService(server);
server.bindAsync(process.argv[2], ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
