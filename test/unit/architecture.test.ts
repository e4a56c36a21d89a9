/** Reads every import and names each line that goes against the arrows of docs/architecture.md. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { importsOf, objection, readImports } from '../helpers/architecture.ts';

test('no import goes against docs/architecture.md', () => {
  const imports = readImports(['engine', 'electron', 'renderer'].filter(existsSync));
  assert.ok(imports.length > 20, 'the reader found hardly any import');
  const offences = imports.flatMap((found) => {
    const reason = objection(found);
    return reason ? [`${found.file}:${found.line}: ${found.text}  <- ${reason}`] : [];
  });
  assert.deepEqual(offences, []);
});

const FORBIDDEN: readonly (readonly [file: string, line: string])[] = [
  ['engine/create.ts', `import { app } from 'electron';`],
  ['engine/create.ts', `import { App } from '../renderer/App.tsx';`],
  ['engine/create.ts', `import { menu } from '../electron/menu.ts';`],
  ['engine/create.ts', `import * as ort from 'onnxruntime-node';`],
  ['engine/create.ts', `const ort = await import('onnxruntime-node');`],
  ['engine/create.ts', `import { main } from './cli.ts';`],
  ['engine/load.ts', `import { create } from './create.ts';`],
  ['engine/onnx/graph.ts', `import { Checkpoint } from '../checkpoint/checkpoint.ts';`],
  ['engine/checkpoint/checkpoint.ts', `import type { GraphBuilder } from '../onnx/graph.ts';`],
  ['engine/runtime/session.ts', `import { buildGraph } from '../models/vae/graph.ts';`],
  ['engine/models/vae/decoder.ts', `import { Session } from '../../runtime/session.ts';`],
  ['engine/image/resize.ts', `import { Tokenizer } from '../tokenizer/tokenizer.ts';`],
  ['engine/tokenizer/tokenizer.ts', `import { Session } from '../runtime/session.ts';`],
  ['engine/errors.ts', `import { log } from './protocol.ts';`],
  ['engine/decoding/sampling.ts', `import sharp from 'sharp';`],
  ['engine/client.ts', `import { create } from './create.ts';`],
  ['electron/main.ts', `import { create } from '../engine/create.ts';`],
  ['electron/main.ts', `import { App } from '../renderer/App.tsx';`],
  ['electron/window.ts', `import { useState } from 'react';`],
  ['renderer/stores/chat.ts', `import { readFile } from 'node:fs/promises';`],
  ['renderer/stores/chat.ts', `import { Chat } from '../features/chat/Chat.tsx';`],
  ['renderer/stores/chat.ts', `import { requestSchema } from '../../engine/protocol.ts';`],
  ['renderer/components/Button.tsx', `import { useChat } from '../stores/chat.ts';`],
  ['renderer/features/chat/Chat.tsx', `import { Canvas } from '../canvas/Canvas.tsx';`],
  ['renderer/features/chat/Chat.tsx', `import { create } from '../../../engine/create.ts';`],
];

for (const [file, line] of FORBIDDEN) {
  test(`refuses ${file}: ${line}`, () => {
    assert.ok(importsOf(file, line).some((found) => objection(found) !== undefined));
  });
}

const ALLOWED: readonly (readonly [file: string, line: string])[] = [
  ['engine/create.ts', `import { decode } from './decoding/loop.ts';`],
  ['engine/models/vae/decoder.ts', `import type { GraphBuilder } from '../../onnx/graph.ts';`],
  ['engine/runtime/session.ts', `import * as ort from 'onnxruntime-node';`],
  ['electron/ipc.ts', `import { ipcMain } from 'electron';`],
  ['renderer/features/chat/Chat.tsx', `import { Message } from './Message.tsx';`],
  ['renderer/stores/chat.ts', `import type { Event } from '../../engine/protocol.ts';`],
];

for (const [file, line] of ALLOWED) {
  test(`allows ${file}: ${line}`, () => {
    assert.deepEqual(importsOf(file, line).map(objection), [undefined]);
  });
}

test('reads imports over several lines, for effect and re-exported, with their line', () => {
  const source = `import {\n  a,\n  b,\n} from './a.ts';\nimport './b.ts';\nexport * from './c.ts';\n`;
  const found = importsOf('engine/x.ts', source).map(({ target, line }) => `${target}:${line}`);
  assert.deepEqual(found, ['engine/a.ts:4', 'engine/b.ts:5', 'engine/c.ts:6']);
});
