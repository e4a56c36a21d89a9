/** Presets: each does less than the one before, a checkpoint's own win, single settings win over both. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Model } from '../../engine/load.ts';
import { presetNames, presetOf } from '../../engine/presets.ts';
import { VERBS } from '../../engine/protocol.ts';
import { pictureSettings } from '../../engine/settings.ts';
import { INTACT } from '../helpers/checkpoint-folder.ts';

let model: Model;
before(async () => {
  model = await Model.open(INTACT);
});
after(() => model.dispose());

const settingsOf = (given: object) =>
  pictureSettings(model, VERBS.create.params.parse({ prompt: 'x', seed: 1, ...given }));

test('best is what the checkpoint says itself', () => {
  assert.deepEqual(settingsOf({ preset: 'best' }), settingsOf({}));
  assert.equal(settingsOf({}).solver, 'euler');
});

test('balanced and fast take fewer steps of second order', () => {
  const [fast, balanced, best] = ['fast', 'balanced', 'best'].map((preset) => settingsOf({ preset }));
  assert.ok(fast!.steps < balanced!.steps && balanced!.steps < best!.steps);
  assert.deepEqual([fast!.solver, balanced!.solver], ['second-order', 'second-order']);
  assert.deepEqual(fast!.guidanceRange, [0, 0.5]);
  assert.deepEqual([fast!.rounded, balanced!.rounded, best!.rounded], ['everything', 'steps', 'nothing']);
});

test('single settings win over the preset', () => {
  const { steps, solver } = settingsOf({ preset: 'fast', steps: 9, solver: 'euler' });
  assert.deepEqual([steps, solver], [9, 'euler']);
});

test("a checkpoint's own preset replaces the built-in one, and few steps stay few", () => {
  const { tusk } = model.files;
  const own = { ...tusk, presets: { fast: { steps: 3 }, draft: { steps: 1 } } };
  assert.deepEqual(presetOf(own, 'fast'), { steps: 3 });
  assert.deepEqual(presetNames(own), ['fast', 'balanced', 'best', 'draft']);
  assert.equal(presetOf({ ...tusk, steps: 2 }, 'balanced').steps, 2);
});
