import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatTemplate } from '../../../engine/tokenizer/chat-template.ts';
import { promptPictures } from '../../../engine/tokenizer/messages.ts';
import { expandPictures, visualPromptLength } from '../../../engine/tokenizer/picture-tokens.ts';
import { PromptBuilder } from '../../../engine/tokenizer/prompt.ts';
import { alphaFiles, isError } from './files.ts';

const hello = [{ role: 'user' as const, content: 'hello' }];

test('the .jinja file wins over the .json one, which serves when it is alone', async () => {
  const both = await alphaFiles({ 'chat_template.jinja': 'jinja' });
  assert.equal((await ChatTemplate.load(both)).render(hello), 'jinja');
  const json = { 'chat_template.jinja': undefined, 'chat_template.json': '{"chat_template": "json"}' };
  assert.equal((await ChatTemplate.load(await alphaFiles(json))).render(hello), 'json');
});

test('a checkpoint with a damaged template says so', async () => {
  const files = await alphaFiles({ 'chat_template.jinja': undefined, 'chat_template.json': '{}' });
  await assert.rejects(ChatTemplate.load(files), isError('template-unsupported', /chat_template\.json/));
});

test('templates get the variables they expect, and sizes as numbers', () => {
  const source = "{{ eos_token }}{{ ('0' ~ ar_height)[-2:] }}{{ ar_width + 1 }}{{ add_generation_prompt }}";
  const template = new ChatTemplate(source, { eos_token: '</s>' });
  assert.equal(template.render(hello, { generate: { height: 8, width: 12 } }), '</s>0813true');
});

test('a construct that is not supported is named', () => {
  const broken: [string, RegExp][] = [
    ["{{ '%02d' | format(3) }}", /format/],
    ["{{ '{:02d}'.format(ar_height) }}", /format/],
    ["{% include 'other.txt' %}", /include/],
    ['{{ 7 % }}', /./],
    ['{{ messages | nosuchfilter }}', /nosuchfilter/],
    ['{{ lookup("/etc/passwd") }}', /lookup/],
    ["{{ raise_exception('Only two roles') }}", /Only two roles/],
  ];
  for (const [source, words] of broken) {
    const render = () => new ChatTemplate(source).render(hello, { generate: { height: 8, width: 8 } });
    assert.throws(render, isError('template-unsupported', words), source);
  }
});

test('a template reaches nothing of the program', () => {
  const reaching = '{{ messages.constructor }}{{ process }}{{ globalThis }}{{ messages.__proto__ }}';
  assert.equal(new ChatTemplate(reaching).render(hello), '');
});

test('placeholders grow to the tokens of their pictures, in order', () => {
  assert.equal(
    expandPictures('a<|image_pad|>b<|image_pad|>', [2, 1]),
    `a${'<|image_pad|>'.repeat(2)}b<|image_pad|>`,
  );
  assert.equal(visualPromptLength({ height: 10, width: 9 }), 10 * 10 + 5 + 2 + 1);
  assert.equal(
    expandPictures('<|gen_placeholder|>', [], [{ height: 1, width: 2 }]),
    '<|gen_placeholder|>'.repeat(3 + 5 + 2),
  );
});

test('a placeholder typed by a person is plain text without pictures and refused beside them', () => {
  assert.equal(expandPictures('<|image_pad|>', []), '<|image_pad|>');
  assert.throws(() => expandPictures('<|image_pad|> <|image_pad|>', [4]), isError('bad-prompt', /2 places/));
});

test('a conversation tells its pictures and its reference', () => {
  const part = (name: string) => ({ type: 'image', image: name, image_gen: name });
  const messages = [
    { role: 'system' as const, content: 'You paint.' },
    { role: 'user' as const, content: [part('a'), part('b'), { type: 'text', text: 'Mix them.' }] },
    { role: 'user' as const, content: [part('c'), { image_gen: 'tokens' }] },
  ];
  assert.deepEqual(promptPictures(messages), {
    seen: ['a', 'b', 'c'],
    visualTokens: ['tokens'],
    reference: 'b',
  });
  assert.equal(promptPictures(hello).reference, undefined);
});

test('the answer prefix of a two-digit grid is ten ids, which the condition relies on', async () => {
  const builder = await PromptBuilder.load(await alphaFiles());
  const { ids } = builder.build(hello, { generate: { height: 10, width: 12 } });
  assert.equal(ids.lastIndexOf(builder.tokenizer.specialId('<|im_start|>')), ids.length - 10);
});
