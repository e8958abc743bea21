import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands between an app and Prism, as a network does. */
export interface Relay extends AsyncDisposable {
  /** Where the app connects. */
  readonly address: string;
  /** How many connections it made so far. */
  readonly connections: number;
  /** How many are open on Prism's side. */
  readonly open: number;
  /** From now on no byte passes, either way, and nobody is told: as when a machine or a cable is gone. */
  goSilent(): void;
}

export async function startRelay(to: string): Promise<Relay> {
  const [host = "", port = ""] = to.split(":");
  const upstreams = new Set<Socket>();
  const pairs: [app: Socket, prism: Socket][] = [];
  const server = createServer((app) => {
    const prism = connect(Number(port), host);
    pairs.push([app, prism]);
    upstreams.add(prism);
    prism.on("close", () => upstreams.delete(prism));
    // Nobody reads what Prism still says, but its end is to be seen.
    app.on("close", () => prism.resume());
    for (const socket of [app, prism]) socket.on("error", () => socket.destroy());
    app.pipe(prism).pipe(app);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    address: `127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    get connections() {
      return pairs.length;
    },
    get open() {
      return upstreams.size;
    },
    goSilent() {
      for (const [app, prism] of pairs) {
        app.unpipe(prism).pause();
        // Read on, or its end would not be seen.
        prism.unpipe(app).resume();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of pairs.flat()) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
