import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream } from '../../../engine/decoding/random.ts';
import {
  applyTemperature,
  highestIndices,
  keepTopK,
  keepTopP,
  penaliseRepetition,
  softmax,
} from '../../../engine/decoding/score-processors.ts';
import {
  type ChoiceRules,
  chooseToken,
  draw,
  processorsFor,
  processScores,
} from '../../../engine/decoding/token-choice.ts';
import { TuskError } from '../../../engine/errors.ts';

const OFF: ChoiceRules = {
  guidance: 1,
  temperature: 1,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
  minimumKept: 3,
};
const kept = (scores: Float32Array) => [...scores.keys()].filter((i) => scores[i] !== -Infinity);

test('the order is guidance, penalty, temperature, scope, top-k, top-p; what is off is left out', () => {
  const raw = { firstId: 0, conditional: new Float32Array(9), unconditional: new Float32Array(9) };
  const all = {
    ...OFF,
    guidance: 2,
    repetitionPenalty: 1.1,
    temperature: 0.5,
    firstAllowed: 2,
    topK: 4,
    topP: 0.5,
  };
  const names = processorsFor(raw, [], all).map(({ name }) => name);
  assert.deepEqual(names, ['guidance', 'repetition-penalty', 'temperature', 'scope', 'top-k', 'top-p']);
  assert.deepEqual(processorsFor(raw, [], OFF), []);
});

test('top-k keeps what a full sort would keep, for any k', () => {
  const noise = new RandomStream(1, 0).normals(500);
  for (const k of [1, 2, 3, 64, 499, 500, 501]) {
    const scores = noise.slice();
    keepTopK(scores, k);
    const threshold = noise.slice().sort().at(-Math.min(k, noise.length))!;
    assert.deepEqual(
      kept(scores),
      [...noise.keys()].filter((i) => noise[i]! >= threshold),
    );
  }
});

test('top-k keeps all that equal the lowest one kept', () => {
  const scores = Float32Array.of(1, 5, 3, 3, 3, 0);
  keepTopK(scores, 2);
  assert.deepEqual(kept(scores), [1, 2, 3, 4]);
});

const noise = new RandomStream(3, 0).normals(2_000);
const VOCABULARIES: readonly [what: string, scores: Float32Array][] = [
  ['noise', noise],
  ['the same a thousand times', new Float32Array(1_000).fill(1.5)],
  ['neighbouring floats', Float32Array.from({ length: 500 }, (_, i) => 1.9 + (i % 7) * 2 ** -23)],
  ['zeros of both signs', Float32Array.from({ length: 100 }, (_, i) => (i % 2 ? -0 : 0))],
  ['a misleading sample', noise.map((score, i) => (i % 16 === 4 && i < 600 ? score + 50 : score))],
];
for (const [what, scores] of VOCABULARIES) {
  test(`temperature and top-k over the highest alone keep what they keep of all: ${what}`, () => {
    for (const temperature of [0.1, 0.6, 0.9, 3]) {
      for (const k of [1, 3, 50, 99, 5_000]) {
        const all = scores.slice().fill(-Infinity, 0, 4);
        applyTemperature(all, temperature);
        keepTopK(all, k);
        const indices = highestIndices(scores, 4, k);
        const few = Float32Array.from(indices, (i) => scores[i]!);
        applyTemperature(few, temperature);
        keepTopK(few, k);
        assert.deepEqual(
          kept(few).map((i) => indices[i]),
          kept(all),
        );
      }
    }
  });
}

test('top-p keeps the nucleus, never fewer than the minimum, and drops lower ids of equal scores first', () => {
  const scores = Float32Array.from([0.5, 0.2, 0.2, 0.05, 0.05], Math.log);
  const nucleus = scores.slice();
  keepTopP(nucleus, 0.6, 1);
  assert.deepEqual(kept(nucleus), [0, 2]);
  const floor = scores.slice();
  keepTopP(floor, 0.01, 3);
  assert.deepEqual(kept(floor), [0, 1, 2]);
});

test('the penalty counts an id once and ignores ids outside the scores', () => {
  const scores = Float32Array.of(2, -2, 1);
  penaliseRepetition(scores, 10, [10, 10, 11, 3, 99], 2);
  assert.deepEqual([...scores], [1, -4, 1]);
});

test('a draw takes the first id whose cumulative probability exceeds the number, never an impossible one', () => {
  const probabilities = Float32Array.of(0, 0.25, 0, 0.5, 0.25, 0);
  const drawn = [0, 0.24, 0.25, 0.74, 0.75, 0.9999, 1].map((uniform) => draw(probabilities, uniform));
  assert.deepEqual(drawn, [1, 1, 3, 3, 4, 4, 4]);
});

test('draws follow the probabilities', () => {
  const scores = Float32Array.of(1, 2, 0, -1);
  const { uniform } = new RandomStream(5, 0);
  const counts = new Float32Array(4);
  for (let i = 0; i < 20_000; i++) {
    counts[chooseToken({ firstId: 0, conditional: scores }, [], { ...OFF, uniform })]! += 1 / 20_000;
  }
  for (const [i, share] of softmax(scores).entries()) assert.ok(Math.abs(counts[i]! - share) < 0.01);
});

test('without random numbers the first of the likeliest is taken, and scores below the scope never', () => {
  const conditional = Float32Array.of(9, 1, 4, 4);
  assert.equal(chooseToken({ firstId: 100, conditional }, [], { ...OFF, firstAllowed: 101 }), 102);
});

test('what is drawn from the kept scores alone is what would be drawn from all', () => {
  const noise = new RandomStream(2, 0).normals(300);
  for (const changes of [
    { topK: 20, topP: 0.6 },
    { topK: 5 },
    { topP: 0.4 },
    { topK: 40, firstAllowed: 290 },
  ]) {
    const rules = { ...OFF, temperature: 0.5, ...changes };
    const raw = { firstId: 50, conditional: noise };
    const probabilities = softmax(processScores(raw, [], rules));
    for (let uniform = 0; uniform < 1; uniform += 0.03) {
      const id = chooseToken(raw, [], { ...rules, uniform: () => uniform });
      assert.equal(id, 50 + draw(probabilities, uniform));
    }
  }
});

test('guidance above 1 needs and uses the unconditional scores', () => {
  const raw = { firstId: 0, conditional: Float32Array.of(1, 2), unconditional: Float32Array.of(0, 2.5) };
  assert.equal(chooseToken(raw, [], { ...OFF, guidance: 1 }), 1);
  assert.deepEqual([...processScores(raw, [], { ...OFF, guidance: 3 })], [3, 1]);
  assert.deepEqual([...raw.conditional], [1, 2], 'the raw scores stay as they are');
});

for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
  test(`a score of ${broken} from the model is an error of its own, in either row`, () => {
    const isNonFinite = (error: unknown) => error instanceof TuskError && error.code === 'non-finite';
    const good = Float32Array.of(1, 2);
    const bad = Float32Array.of(1, broken);
    assert.throws(() => chooseToken({ firstId: 0, conditional: bad }, [], OFF), isNonFinite);
    const raw = { firstId: 0, conditional: good, unconditional: bad };
    assert.throws(() => chooseToken(raw, [], { ...OFF, guidance: 2 }), isNonFinite);
  });
}
