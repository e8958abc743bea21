// nginx with grpc_pass, one worker, before a store on a Unix socket.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { childrenOf } from "../processes.mjs";
import { startProgram } from "../programs.mjs";
import { freePort, until, untilListening } from "../waiting.mjs";

/** Starts nginx before a store that runs already; the store is stopped with it. */
export async function startNginx({ folder, cpus }, store, tls) {
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  writeFileSync(config, configuration({ folder, port, store: store.endpoint, tls }));
  const program = await startProgram(["nginx", "-c", config, "-e", "stderr"], { cpu: cpus.front, ready: "at once" });
  await untilListening(port);
  await until(() => childrenOf(program.pid).length > 0, "nginx has no worker");
  const secure = tls === undefined ? {} : { scheme: "https", ca: tls.ca };
  return {
    endpoint: { host: "127.0.0.1", port, ...secure },
    processes: { proxy: [program.pid, ...childrenOf(program.pid)], ...store.processes },
    stop: async () => {
      await program.stop();
      await store.stop();
    },
  };
}

/**
 * Tuned in nginx' favour: connections are never given up for having served many calls, those to the store are kept, bodies
 * never touch the disk, and buffers hold a large value.
 */
function configuration({ folder, port, store, tls }) {
  const headers = Object.entries(store.headers).map(([name, value]) => `grpc_set_header ${name} "${value}";`);
  // A worker of another user may not enter the folder of the store's socket.
  return `daemon off;
${process.getuid() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  http2_max_concurrent_streams 1000;
  http2_recv_buffer_size 1m;
  http2_body_preread_size 1m;
  client_max_body_size 8m;
  client_body_buffer_size 2m;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream store { server unix:${store.path}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ${tls === undefined ? "" : "ssl "}http2;
    ${tls === undefined ? "" : `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};`}
    location / {
      grpc_pass grpc://store;
      grpc_buffer_size 64k;
      ${headers.join("\n      ")}
    }
  }
}
`;
}
