import { describe, expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.js";
import { ExtendedHeaders } from "./extended-headers.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import { huffmanDecode, huffmanEncode, huffmanSizeBytes } from "./hpack-huffman.js";

const request1 = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"];
const request2 = [...request1, "cache-control", "no-cache"];
const request3 = [
  ":method",
  "GET",
  ":scheme",
  "https",
  ":path",
  "/index.html",
  ":authority",
  "www.example.com",
  "custom-key",
  "custom-value",
];
const date1 = "Mon, 21 Oct 2013 20:13:21 GMT";
const date2 = "Mon, 21 Oct 2013 20:13:22 GMT";
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const location = "https://www.example.com";
const response1 = [":status", "302", "cache-control", "private", "date", date1, "location", location];
const response2 = [":status", "307", "cache-control", "private", "date", date1, "location", location];
const response3 = [
  ":status",
  "200",
  "cache-control",
  "private",
  "date",
  date2,
  "location",
  location,
  "content-encoding",
  "gzip",
  "set-cookie",
  cookie,
];

/** RFC 7541 appendix C: sequences of blocks on one connection, each with its list and the table size after it. */
const sequences: [name: string, tableBytes: number, blocks: [hex: string, list: string[], tableSizeBytes: number][]][] =
  [
    [
      "C.2.1 literal with indexing",
      4096,
      [["400a637573746f6d2d6b65790d637573746f6d2d686561646572", ["custom-key", "custom-header"], 55]],
    ],
    ["C.2.2 literal without indexing", 4096, [["040c2f73616d706c652f70617468", [":path", "/sample/path"], 0]]],
    ["C.2.3 literal never indexed", 4096, [["100870617373776f726406736563726574", ["password", "secret"], 0]]],
    ["C.2.4 indexed", 4096, [["82", [":method", "GET"], 0]]],
    [
      "C.3 requests without Huffman",
      4096,
      [
        ["828684410f7777772e6578616d706c652e636f6d", request1, 57],
        ["828684be58086e6f2d6361636865", request2, 110],
        ["828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", request3, 164],
      ],
    ],
    [
      "C.4 requests with Huffman",
      4096,
      [
        ["828684418cf1e3c2e5f23a6ba0ab90f4ff", request1, 57],
        ["828684be5886a8eb10649cbf", request2, 110],
        ["828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", request3, 164],
      ],
    ],
    [
      "C.5 responses without Huffman, with eviction",
      256,
      [
        [
          "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
          response1,
          222,
        ],
        ["4803333037c1c0bf", response2, 222],
        [
          "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
          response3,
          215,
        ],
      ],
    ],
    [
      "C.6 responses with Huffman, with eviction",
      256,
      [
        [
          "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
          response1,
          222,
        ],
        ["4883640effc1c0bf", response2, 222],
        [
          "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
          response3,
          215,
        ],
      ],
    ],
  ];

const generous = 64 * 1024;

function decodeAll(decoder: HpackDecoder, block: Buffer) {
  return decoder.decode(block, 0, block.length).headers;
}

describe("RFC 7541 appendix C", () => {
  test.each(sequences)("%s is decoded and keeps the table as printed", (_, tableBytes, blocks) => {
    const decoder = new HpackDecoder(tableBytes, generous);
    for (const [hex, list, tableSizeBytes] of blocks) {
      expect(decodeAll(decoder, Buffer.from(hex, "hex"))).toEqual(list);
      expect(decoder.tableSizeBytes).toBe(tableSizeBytes);
    }
  });
});

describe("RFC 7541 section 5.2, Huffman", () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
  test.each([
    ["no text", ""],
    ["one character", "a"],
    ["a host name", "www.example.com"],
    ["every byte", everyByte],
    ["every byte many times", everyByte.repeat(20)],
  ])("%s comes back", (_, text) => {
    const target = Buffer.alloc(huffmanSizeBytes(text) + 8);
    const end = huffmanEncode(text, target, 0);
    expect(end).toBe(huffmanSizeBytes(text));
    expect(huffmanDecode(target, 0, end)).toBe(text);
  });

  test.each([
    ["the EOS symbol", "ffffffff"],
    ["padding of more than seven bits", "1fff"],
    ["padding that is not ones", "18"],
  ])("%s is a COMPRESSION_ERROR", (_, hex) => {
    const bytes = Buffer.from(hex, "hex");
    expect(() => huffmanDecode(bytes, 0, bytes.length)).toThrow(expect.objectContaining({ code: 9 }));
  });
});

describe("a malformed block is a COMPRESSION_ERROR", () => {
  test.each([
    ["index 0 (section 6.1)", "80"],
    ["an index beyond both tables (section 2.3.3)", "be"],
    ["a truncated integer (section 5.1)", "ff"],
    ["an integer without end (section 5.1)", "ffffffffffffffffffff"],
    ["a truncated string (section 5.2)", "0003616263056162"],
    ["a string without its length", "0001"],
    ["a table size update above the limit (section 6.3)", "3fe21f"],
    ["a table size update after a field (section 4.2)", "8220"],
  ])("%s", (_, hex) => {
    expect(() => decodeAll(new HpackDecoder(4096, generous), Buffer.from(hex, "hex"))).toThrow(
      expect.objectContaining({ code: 9 }),
    );
  });
});

describe("the decoder", () => {
  test("returns the same list for the same block while the table stays as it is", () => {
    const decoder = new HpackDecoder(4096, generous);
    const block = Buffer.from("828684", "hex");
    const first = decoder.decode(block, 0, block.length);
    expect(decoder.decode(Buffer.concat([block, block]), 3, 6)).toBe(first);
  });

  test("decodes a remembered block anew once the table has changed", () => {
    const decoder = new HpackDecoder(4096, generous);
    decodeAll(decoder, Buffer.from("4001610162", "hex"));
    expect(decodeAll(decoder, Buffer.from("be", "hex"))).toEqual(["a", "b"]);
    decodeAll(decoder, Buffer.from("4001630164", "hex"));
    expect(decodeAll(decoder, Buffer.from("be", "hex"))).toEqual(["c", "d"]);
  });

  test("counts but does not keep what is above the list limit, and keeps the table right", () => {
    const decoder = new HpackDecoder(4096, 100);
    const value = "v".repeat(80);
    const block = Buffer.concat([Buffer.from("40016150", "hex"), Buffer.from(value), Buffer.from("bebebe", "hex")]);
    const decoded = decoder.decode(block, 0, block.length);
    expect(decoded).toMatchObject({ tooLarge: true, sizeBytes: 4 * 113, headers: [] });
    expect(decoder.tableSizeBytes).toBe(113);
  });
});

describe("the encoder", () => {
  const decodeFor = (decoder: HpackDecoder, block: Buffer) => decodeAll(decoder, Buffer.from(block));

  test("indexes a field from its second use on and then sends one byte for it", () => {
    const encoder = new HpackEncoder();
    const sizes = [1, 2, 3].map(() => encoder.encode(["custom-key", "custom-value"]).length);
    expect(sizes).toEqual([25, 20, 1]);
  });

  test("never indexes secrets", () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 3; i++) expect(encoder.encode(["authorization", "x"])[0]! & 0xf0).toBe(0x10);
  });

  test("repeats the remembered block of a list", () => {
    const encoder = new HpackEncoder();
    const list = [":status", "200", "content-type", "application/grpc"];
    encoder.encode(list);
    encoder.encode(list);
    expect(encoder.encode(list)).toBe(encoder.encode(list));
  });

  test("adds a field to a list that stays what it is, and decodes to both, however often and long", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096, 65_536);
    const names = ["a", "a", "b", "x".repeat(127), "y".repeat(5_000), "a"];
    const blocks = names.map((value) => {
      const block = Buffer.from(encoder.encodeExtended(new ExtendedHeaders(request3, "prism-namespace", value)));
      expect(decoder.decode(block, 0, block.length).headers).toEqual([...request3, "prism-namespace", value]);
      return block;
    });
    // Nothing of the field is remembered: it reads the same every time.
    expect(blocks[1]).toEqual(blocks[0]);
    expect(blocks[5]).toEqual(blocks[0]);
  });

  test("announces the smallest and the last table size the peer allowed (section 4.2)", () => {
    const encoder = new HpackEncoder();
    encoder.setPeerTableBytes(0);
    encoder.setPeerTableBytes(1024);
    expect(encoder.encode([":method", "GET"]).toString("hex")).toBe("203fe10782");
    expect(encoder.encode([":method", "GET"]).toString("hex")).toBe("82");
  });

  test.each([1, 2, 3, 4, 5])("random lists and table sizes come back as sent (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096, 1024 * 1024);
    const words = Array.from({ length: 40 }, (_, i) => `w${i}-${"x".repeat(random.below(120))}`);
    const word = () => words[random.below(words.length)]!;
    for (let round = 0; round < 400; round++) {
      if (random.below(20) === 0) encoder.setPeerTableBytes(random.below(6000));
      const list = Array.from({ length: 2 * random.below(12) }, word);
      expect(decodeFor(decoder, encoder.encode(list))).toEqual(list);
    }
  });
});
