/**
 * SHA-1 (RFC 3174) for names of content, not for secrets: XEP-0115 prescribes it. Written here because this
 * floor is pure and the platform's is either asynchronous or not.
 */

import type { Bytes } from "../base/bytes.ts";

/** The twenty bytes of the digest. */
export function sha1(data: Uint8Array): Bytes {
  const words = padded(data);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const schedule = new Int32Array(80);
  for (let at = 0; at < words.length; at += 16) block(state, words, at, schedule);
  const digest = new Uint8Array(20);
  const view = new DataView(digest.buffer);
  for (let i = 0; i < 5; i++) view.setInt32(i * 4, state[i] ?? 0);
  return digest;
}

// RFC 3174 §4: a one bit, zeros, and the length in bits, as big-endian words.
function padded(data: Uint8Array): Int32Array {
  const words = new Int32Array((((data.length + 8) >> 6) + 1) * 16);
  for (let i = 0; i < data.length; i++) {
    words[i >> 2] = (words[i >> 2] ?? 0) | (data[i] ?? 0) << (24 - (i & 3) * 8);
  }
  const end = data.length;
  words[end >> 2] = (words[end >> 2] ?? 0) | 0x80 << (24 - (end & 3) * 8);
  words[words.length - 2] = Math.floor(end / 0x20000000);
  words[words.length - 1] = end << 3;
  return words;
}

function block(state: Int32Array, words: Int32Array, at: number, schedule: Int32Array): void {
  for (let t = 0; t < 80; t++) {
    schedule[t] = t < 16 ? words[at + t] ?? 0 : rotated(
      (schedule[t - 3] ?? 0) ^ (schedule[t - 8] ?? 0) ^ (schedule[t - 14] ?? 0) ^ (schedule[t - 16] ?? 0),
      1,
    );
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let t = 0; t < 80; t++) {
    const next = (rotated(a, 5) + mixed(t, b, c, d) + e + (schedule[t] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
}

// The functions and constants of RFC 3174 §5, by round.
function mixed(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
