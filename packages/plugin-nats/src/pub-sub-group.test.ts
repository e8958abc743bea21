import { expect, test } from "vitest";
import { serverDelivery } from "./pub-sub-group.js";

const delivery = { count: 2, sequence: 7, storedAtMs: 1_764_000_000_123 };

test.each([
  ["without domains", "$JS.ACK.stream.group~x.2.7.9.1764000000123456789.0"],
  ["with them", "$JS.ACK._.hash.stream.group~x.2.7.9.1764000000123456789.0.random"],
])("a delivery of a server %s says what it is", (_, reply) => {
  expect(serverDelivery(reply)).toEqual(delivery);
});
