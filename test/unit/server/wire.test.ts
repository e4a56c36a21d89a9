import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFrame, encodeFrame } from '../../../engine/wire.ts';

const bytes = (...values: number[]) => new Uint8Array(values);

const MESSAGES: Record<string, unknown> = {
  'plain words': { id: 1, method: 'studio.open', params: {} },
  'words of all kinds': { text: 'Äpfel 🍎 \u2028 "quoted" \0' },
  'one blob': { id: 2, answer: { name: 'a.png', bytes: bytes(1, 2, 3) } },
  'no bytes in a blob': { bytes: bytes() },
  'several blobs, in lists': { list: [bytes(255), { deeper: bytes(0, 0) }, null, 7] },
  'a blob alone': bytes(9, 8, 7),
};

for (const [name, message] of Object.entries(MESSAGES))
  test(`${name}: what goes in comes out`, () => {
    assert.deepEqual(decodeFrame(encodeFrame(message)), message);
  });

test('a Buffer arrives as plain bytes, and part of a larger one alone', () => {
  const part = Buffer.from('abcdef').subarray(2, 4);
  assert.deepEqual(decodeFrame(encodeFrame({ part })), { part: bytes(99, 100) });
});

test('text without bytes is a text frame, else binary', () => {
  assert.equal(typeof encodeFrame({ a: 1 }), 'string');
  assert.ok(encodeFrame({ a: bytes(1) }) instanceof Uint8Array);
});

test('a frame cut anywhere is refused, never misread', () => {
  const frame = encodeFrame({ first: bytes(1, 2, 3), second: bytes(4) }) as Uint8Array;
  for (let length = 0; length < frame.length; length++)
    assert.throws(() => decodeFrame(frame.subarray(0, length)), SyntaxError, `cut to ${length}`);
});

test('bytes that are named but not brought are refused', () => {
  const json = new TextEncoder().encode('{"a":{"$bytes":3}}');
  const frame = new Uint8Array(4 + json.length);
  new DataView(frame.buffer).setUint32(0, json.length, true);
  frame.set(json, 4);
  assert.throws(() => decodeFrame(frame), SyntaxError);
});

test('a frame of endless empty parts is refused before they fill the memory', () => {
  assert.throws(() => decodeFrame(new Uint8Array(2 ** 24)), SyntaxError);
});
