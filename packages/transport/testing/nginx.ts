import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

// A busy machine; a quiet one needs 50 ms.
const readyWithinMs = 20_000;
const pollEveryMs = 10;

/** nginx on a Unix socket, with a folder that is written by PUT and read by GET. */
export interface Nginx extends AsyncDisposable {
  connect(): Promise<Socket>;
}

const config = (folder: string) => `
  daemon off;
  master_process off;
  pid ${folder}/pid;
  error_log stderr crit;
  events {}
  http {
    access_log off;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;
    http2_max_concurrent_streams 10;
    client_max_body_size 100m;
    server {
      listen unix:${folder}/socket http2;
      root ${folder}/files;
      keepalive_requests 1000;
      location / {
        dav_methods PUT;
        create_full_put_path on;
        add_trailer x-end yes;
      }
    }
    server {
      listen unix:${folder}/short http2;
      root ${folder}/files;
      keepalive_requests 3;
    }
  }`;

/** `short`: the server ends each connection after a few requests, with GOAWAY. */
export async function startNginx(kind: "patient" | "short"): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "prism-nginx-"));
  const configPath = join(folder, "nginx.conf");
  writeFileSync(configPath, config(folder));
  // Debian installs it where not every user looks.
  const PATH = [process.env.PATH, "/usr/sbin"].join(delimiter);
  const child = spawn("nginx", ["-p", folder, "-e", "stderr", "-c", configPath], {
    env: { PATH },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const closed = once(child, "close");
  const open = () => connectTo(join(folder, kind === "short" ? "short" : "socket"));
  (await open()).destroy();
  return {
    connect: open,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

async function connectTo(path: string): Promise<Socket> {
  const giveUpAtMs = performance.now() + readyWithinMs;
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error;
      await delay(pollEveryMs);
    }
  }
}
