import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exchange } from "../testing/exchange.js";
import { type Nginx, startNginx } from "../testing/nginx.js";
import { Http2Connection } from "./connection.js";
import { Http2ErrorCode } from "./error-code.js";

const empty = Buffer.alloc(0);

describe("Http2Connection as a client of nginx", () => {
  let nginx: Nginx;
  let connection: Http2Connection;
  beforeAll(async () => {
    nginx = await startNginx("patient");
    connection = Http2Connection.connect(await nginx.connect(), {});
  });
  afterAll(async () => {
    connection?.destroy();
    await connection?.closed;
    await nginx?.[Symbol.asyncDispose]();
  });

  const put = (path: string, body: Buffer) => exchange(connection, { method: "PUT", path, body });
  const get = (path: string) => exchange(connection, { method: "GET", path, body: empty });

  test.each([0, 1, 20_000, 50_000_000])("%i bytes there and back, with trailers", async (size) => {
    expect(await put(`/${size}`, Buffer.alloc(size, 7))).toMatchObject({ status: "201", reset: undefined });
    expect(await get(`/${size}`)).toEqual({ status: "200", bytes: size, trailers: ["x-end", "yes"], reset: undefined });
  });

  test("200 requests at once where ten are allowed", async () => {
    await put("/many", Buffer.alloc(1_000));
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => get("/many")));
    expect(outcomes.map(({ bytes }) => bytes)).toEqual(outcomes.map(() => 1_000));
  });

  test("an answer that comes before the request is complete", async () => {
    const tooLarge = await put("/large", Buffer.alloc(101 * 1024 * 1024));
    expect(tooLarge.status).toBe("413");
    expect(await get("/nowhere")).toMatchObject({ status: "404" });
  });

  test("a ping comes back", async () => {
    expect(await connection.ping(5_000)).toBeGreaterThan(0);
  });
});

test("GOAWAY of nginx, after the last request it takes: what it took is answered, what it did not is refused", async () => {
  await using nginx = await startNginx("short");
  const connection = Http2Connection.connect(await nginx.connect(), {});
  await connection.ready;
  const requests = Array.from({ length: 8 }, () => exchange(connection, { method: "GET", path: "/", body: empty }));
  const outcomes = await Promise.all(requests);
  await connection.closed;
  expect(outcomes.filter(({ status }) => status !== undefined)).not.toHaveLength(0);
  const unanswered = outcomes.filter(({ status }) => status === undefined);
  expect(unanswered).not.toHaveLength(0);
  for (const { reset } of unanswered) expect(reset).toBe(Http2ErrorCode.REFUSED_STREAM);
  expect(connection.isOpen).toBe(false);
});
