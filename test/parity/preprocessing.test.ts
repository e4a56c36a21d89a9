/** The stages before any network runs: texts, ids, sizes and 8-bit pictures equal, floats equal too. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ParityCase } from '../../engine/verify/case.ts';
import { STAGES } from '../../engine/verify/stages.ts';

const variant = fileURLToPath(new URL('./alpha', import.meta.url));

for (const stage of ['tokenizer', 'chat-template', 'image-preprocess']) {
  const names = readdirSync(join(variant, 'cases', stage)).filter((file) => file.endsWith('.json'));
  for (const name of names.map((file) => file.slice(0, -'.json'.length))) {
    test(`${stage}/${name} is equal`, async () => {
      const parityCase = await ParityCase.read(variant, stage, name);
      const { run } = await STAGES[stage]!();
      const { tensors, result = {} } = await run(parityCase);
      assert.deepEqual(result, parityCase.result);
      for (const tensor of parityCase.tensorNames.filter((key) => !key.startsWith('in.'))) {
        const { shape, data } = await parityCase.tensor(tensor);
        assert.deepEqual(tensors[tensor]?.shape, shape, tensor);
        assert.deepEqual(tensors[tensor]?.data, data, tensor);
      }
    });
  }
}
