import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generationExperts } from '../../../engine/models/text-decoder/config.ts';

const FORMS: readonly [moeType: string, layersWithExperts: readonly number[]][] = [
  ['none', []],
  ['none-0:3', []],
  ['attention', []],
  ['attention-1:4', []],
  ['ffn', [0, 1, 2, 3, 4]],
  ['ffn-1:4', [1, 2, 3]],
  ['ffn-3:99', [3, 4]],
  ['ffn-2:2', []],
  ['ffn_attention', [0, 1, 2, 3, 4]],
  ['ffn_attention-4:5', [4]],
];

for (const [moeType, expected] of FORMS) {
  test(`moe_type ${moeType} gives layers ${expected.join(', ') || 'none'} a second MLP`, () => {
    const layers = generationExperts(moeType, 5).flatMap((has, layer) => (has ? [layer] : []));
    assert.deepEqual(layers, expected);
  });
}

for (const moeType of ['', 'moe', 'ffn-', 'ffn-3', 'ffn-a:b', 'ffn-1:2:3', 'ffn--1:2', 'FFN', 'ffn-1:2 ']) {
  test(`moe_type "${moeType}" is refused by name`, () => {
    assert.throws(
      () => generationExperts(moeType, 5),
      (error: { code?: string; message: string }) =>
        error.code === 'checkpoint-unsupported' && error.message.includes(`"${moeType}"`),
    );
  });
}
