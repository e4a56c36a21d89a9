/** Every case of every stage of the committed fixtures, through the code the verbs use. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { STAGES } from '../../engine/verify/stages.ts';
import { verify } from '../../engine/verify.ts';

const FOLDER = 'test/parity/alpha';
const options = () => ({ emit: () => {}, signal: new AbortController().signal });

test('each stage of the fixtures has a check', () => {
  assert.deepEqual(readdirSync(`${FOLDER}/cases`).sort(), Object.keys(STAGES).sort());
});

for (const stage of Object.keys(STAGES)) {
  test(`${stage} equals the reference`, async () => {
    const { cases, passed } = await verify(FOLDER, { stage, ...options() });
    assert.deepEqual(
      cases.filter(({ ok }) => !ok),
      [],
    );
    assert.equal(passed, readdirSync(`${FOLDER}/cases/${stage}`).filter((f) => f.endsWith('.json')).length);
  });
}
