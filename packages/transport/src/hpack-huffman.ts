import { ConnectionFault, Http2ErrorCode } from "./error-code.js";

/**
 * RFC 7541 appendix B: the number of bits of each symbol's code, 256 being EOS. The code is canonical: codes of
 * one length follow each other in symbol order, so the lengths are the whole table.
 */
const codeBits: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const endOfString = 256;
const shortestCodeBits = 5;
const longestPaddingBits = 7;

/** All symbols in the order of their codes. */
const inCodeOrder: readonly number[] = codeBits
  .map((_, symbol) => symbol)
  .sort((a, b) => codeBits[a]! - codeBits[b]! || a - b);

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(codeBits.length);
  let code = 0;
  let bits = shortestCodeBits;
  for (const symbol of inCodeOrder) {
    code *= 2 ** (codeBits[symbol]! - bits);
    bits = codeBits[symbol]!;
    codes[symbol] = code;
    code += 1;
  }
  return codes;
}

const codes = canonicalCodes();

/**
 * The code as a binary tree: node n has its children at 2n and 2n + 1; a leaf is ~symbol. Made bit by bit, for of the slots of one
 * depth the first are those of the codes that end there.
 */
function codeTree(): readonly number[] {
  const tree = [0, 0];
  let symbols = 0;
  for (let bits = 1, slot = 0; slot < tree.length; bits++) {
    for (const end = tree.length; slot < end; slot++) {
      const symbol = inCodeOrder[symbols];
      if (symbol !== undefined && codeBits[symbol] === bits) {
        tree[slot] = ~symbol;
        symbols++;
      } else {
        tree[slot] = tree.length / 2;
        tree.push(0, 0);
      }
    }
  }
  return tree;
}

const tree = codeTree();
const states = tree.length / 2;
const emits = 0x100;
const invalid = 0xffff;
const unmade = 0xfffe;

/**
 * The decoder as a state machine that eats four bits at a time. The shortest code has five bits, so a step ends at most one symbol.
 * transitions[state × 16 + nibble] is the next state, outputs[…] the symbol with the `emits` bit. The steps from a state are made
 * when it is first reached: most never are, and to make all at once is enough work for V8 to load its optimizing compiler.
 */
const transitions = new Uint16Array(states * 16).fill(unmade);
const outputs = new Uint16Array(states * 16);

function makeStepsFrom(state: number): void {
  for (let nibble = 0; nibble < 16; nibble++) makeStep((state << 4) | nibble);
}

function makeStep(step: number): void {
  let node = step >>> 4;
  for (let bit = 3; bit >= 0 && node !== invalid; bit--) {
    node = tree[node * 2 + ((step >>> bit) & 1)]!;
    if (node >= 0) continue;
    if (~node !== endOfString) outputs[step] = ~node | emits;
    node = ~node === endOfString ? invalid : 0;
  }
  transitions[step] = node;
}

/** The states in which a text may end: after a symbol, and within padding. */
function acceptingStates(): Uint8Array {
  const accepting = new Uint8Array(states);
  for (let node = 0, ones = 0; ones <= longestPaddingBits; ones++, node = tree[node * 2 + 1]!) accepting[node] = 1;
  return accepting;
}

const accepting = acceptingStates();
let scratch = Buffer.allocUnsafeSlow(4096);

function malformed(): ConnectionFault {
  return new ConnectionFault(Http2ErrorCode.COMPRESSION_ERROR, "malformed Huffman code in a header block");
}

/** RFC 7541 section 5.2: decodes bytes [start, end); padding must be at most 7 one bits. */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number): string {
  const most = Math.ceil(((end - start) * 8) / shortestCodeBits);
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(most * 2);
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const step = (state << 4) | ((byte >>> shift) & 15);
      if (transitions[step] === unmade) makeStepsFrom(state);
      const output = outputs[step]!;
      if (output !== 0) scratch[length++] = output;
      state = transitions[step]!;
      if (state === invalid) throw malformed();
    }
  }
  if (accepting[state] !== 1) throw malformed();
  return scratch.toString("latin1", 0, length);
}

/** How many bytes the text (one byte per character) takes when Huffman-coded. */
export function huffmanSizeBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeBits[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** Writes the Huffman code of the text at `at`; returns where it ends. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let bits = codeBits[symbol]!;
    const code = codes[symbol]!;
    while (bits > 0) {
      const take = Math.min(8 - pendingBits, bits);
      pending = (pending << take) | ((code >>> (bits - take)) & ((1 << take) - 1));
      pendingBits += take;
      bits -= take;
      if (pendingBits === 8) {
        target[at++] = pending;
        pending = 0;
        pendingBits = 0;
      }
    }
  }
  if (pendingBits > 0) target[at++] = (pending << (8 - pendingBits)) | ((1 << (8 - pendingBits)) - 1);
  return at;
}
