// The plain proxy that one would write with @grpc/grpc-js: messages pass as bytes, deadline and metadata go along.
// usage: grpc-js-proxy.mjs ADDRESS. Prints its port.
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadPrism } from "./grpc-js-service.mjs";

const asItIs = (bytes) => bytes;
const upstream = new Client(process.argv[2], credentials.createInsecure());
const { service } = loadPrism("prism/keyvalue/v1/keyvalue.proto").keyvalue.v1.KeyValueService;

const forward = (path) => (call, answer) => {
  const options = { deadline: call.getDeadline() };
  upstream.makeUnaryRequest(path, asItIs, asItIs, call.request, call.metadata, options, answer);
};

const raw = { requestSerialize: asItIs, requestDeserialize: asItIs };
const methods = Object.entries(service).filter(([, method]) => !method.requestStream && !method.responseStream);
const server = new Server();
server.addService(
  Object.fromEntries(
    methods.map(([name, method]) => [
      name,
      { ...method, ...raw, responseSerialize: asItIs, responseDeserialize: asItIs },
    ]),
  ),
  Object.fromEntries(methods.map(([name, method]) => [name, forward(method.path)])),
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
