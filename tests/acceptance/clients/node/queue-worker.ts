// A worker of a queue, as its users write them: takes messages, says which, acknowledges as many as it is told, and holds the rest.
import {
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoFolder } from "../../repository.ts";

/** What Consume answers, as far as a worker cares. */
interface Response {
  readonly deliveries?: { readonly deliveries: readonly { deliveryId: string; message: { payload: Buffer } }[] };
  readonly acknowledged?: object;
}

const [address = "", namespace = "", handled = "0"] = process.argv.slice(2);

const definition = loadSync("prism/queue/v1/queue.proto", { includeDirs: [protoFolder], longs: Number });
const packages = loadPackageDefinition(definition) as unknown as {
  prism: { queue: { v1: { QueueService: ServiceClientConstructor } } };
};
const client = new packages.prism.queue.v1.QueueService(address, credentials.createInsecure());
const call = client.Consume?.() as ClientDuplexStream<object, Response>;

let toHandle = Number(handled);
call.on("data", ({ deliveries, acknowledged }) => {
  for (const { deliveryId, message } of deliveries?.deliveries ?? []) {
    process.stdout.write(`received ${message.payload}\n`);
    if (toHandle === 0) continue;
    toHandle -= 1;
    call.write({ acknowledge: { deliveryIds: [deliveryId] } });
  }
  if (acknowledged) process.stdout.write("acknowledged\n");
});
call.on("error", (error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
call.write({ namespace, start: { maxOutstandingMessages: 100, lease: { seconds: 3_600 } } });
