/** Folders that are no checkpoint, or no longer: what each is refused with, and how to make one of the intact one. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '../../engine/errors.ts';
import { changeConfig, INTACT, removeFolder, replaceFile, safetensors } from './checkpoint-folder.ts';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const CONFIG = 'config.json';
const RANKS = 'mammothu.tiktoken';

export type Break = (folder: string) => Promise<unknown>;
export type BadCheckpoint = readonly [what: string, code: ErrorCode, message: RegExp, breakIt: Break];

const withWeights =
  (content: string | Uint8Array): Break =>
  (folder) =>
    replaceFile(folder, WEIGHTS, content);
const withEntry = (entry: unknown): Break => withWeights(safetensors({ x: entry }, new Uint8Array(8)));
const F32 = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
const withConfig =
  (path: string, value: unknown): Break =>
  (folder) =>
    changeConfig(folder, path, value);
const withText =
  (name: string, change: (text: string) => string): Break =>
  async (folder) =>
    replaceFile(folder, name, change(await readFile(join(INTACT, name), 'utf8')));
const withIndex =
  (index: string, files: Record<string, Uint8Array> = {}): Break =>
  async (folder) => {
    await removeFolder(join(folder, WEIGHTS));
    await replaceFile(folder, INDEX, index);
    for (const [name, content] of Object.entries(files)) await replaceFile(folder, name, content);
  };
const weightMap = (map: unknown) => JSON.stringify({ weight_map: map });

/** The intact weights with one tensor's header entry changed. */
const withIntactWeights =
  (name: string, change: (entry: typeof F32) => object | undefined): Break =>
  async (folder) => {
    const file = await readFile(join(INTACT, WEIGHTS));
    const end = 8 + Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.toString('utf8', 8, end)) as Record<string, typeof F32>;
    await replaceFile(
      folder,
      WEIGHTS,
      safetensors({ ...header, [name]: change(header[name]!) }, file.subarray(end)),
    );
  };
const SOME_TENSOR = 'gen_transformer.x_embedder.weight';

const FILES: readonly BadCheckpoint[] = [
  ['no such folder', 'checkpoint-missing', /no folder/, removeFolder],
  [
    'a file in place of the folder',
    'checkpoint-unsupported',
    /is a file/,
    async (folder) => {
      await removeFolder(folder);
      await symlink(join(INTACT, CONFIG), folder);
    },
  ],
  [
    'no weights',
    'checkpoint-missing',
    /holds no .safetensors/,
    (folder) => removeFolder(join(folder, WEIGHTS)),
  ],
  [
    'weights that are a folder',
    'checkpoint-damaged',
    /no ordinary file/,
    async (folder) => {
      await removeFolder(join(folder, WEIGHTS));
      await mkdir(join(folder, WEIGHTS));
    },
  ],
  [
    'weights that are a pipe',
    'checkpoint-damaged',
    /no ordinary file/,
    async (folder) => {
      await removeFolder(join(folder, WEIGHTS));
      execFileSync('mkfifo', [join(folder, WEIGHTS)]);
    },
  ],
  [
    'weights that are a dangling link',
    'checkpoint-missing',
    /holds no .safetensors|is missing/,
    async (folder) => {
      await removeFolder(join(folder, WEIGHTS));
      await symlink('/nowhere/at/all', join(folder, WEIGHTS));
    },
  ],
  [
    'weights cut in half',
    'checkpoint-damaged',
    /outside the file/,
    async (folder) =>
      replaceFile(folder, WEIGHTS, (await readFile(join(INTACT, WEIGHTS))).subarray(0, 2_000_000)),
  ],
  [
    'weights cut inside the header',
    'checkpoint-damaged',
    /cut short/,
    async (folder) =>
      replaceFile(folder, WEIGHTS, (await readFile(join(INTACT, WEIGHTS))).subarray(0, 1_000)),
  ],
  [
    'weights without their last byte',
    'checkpoint-damaged',
    /outside the file/,
    async (folder) => replaceFile(folder, WEIGHTS, (await readFile(join(INTACT, WEIGHTS))).subarray(0, -1)),
  ],
  [
    'weights with a byte too many',
    'checkpoint-damaged',
    /1 bytes after .* belong to no tensor/,
    async (folder) =>
      replaceFile(folder, WEIGHTS, Buffer.concat([await readFile(join(INTACT, WEIGHTS)), Buffer.alloc(1)])),
  ],
  [
    'an index that names a missing shard',
    'checkpoint-missing',
    /model-00002-of-00002.safetensors is missing/,
    withIndex(weightMap({ x: 'model-00001-of-00002.safetensors', y: 'model-00002-of-00002.safetensors' }), {
      'model-00001-of-00002.safetensors': safetensors({ x: F32 }, new Uint8Array(8)),
    }),
  ],
  [
    'an index that promises a tensor no file has',
    'checkpoint-damaged',
    /lacks the tensor "y"/,
    withIndex(weightMap({ x: 'a.safetensors', y: 'a.safetensors' }), {
      'a.safetensors': safetensors({ x: F32 }, new Uint8Array(8)),
    }),
  ],
  [
    'a tensor in two shards',
    'checkpoint-damaged',
    /"x" is in two files/,
    withIndex(weightMap({ x: 'a.safetensors', y: 'b.safetensors' }), {
      'a.safetensors': safetensors({ x: F32 }, new Uint8Array(8)),
      'b.safetensors': safetensors({ x: F32 }, new Uint8Array(8)),
    }),
  ],
  [
    'an index that leaves its folder',
    'checkpoint-damaged',
    /outside its folder/,
    withIndex(weightMap({ x: '../a.safetensors' })),
  ],
  [
    'an index that is cut short',
    'checkpoint-damaged',
    /isn't valid JSON/,
    withIndex('{"weight_map": {"x": "a.saf'),
  ],
  ['an index without a map', 'checkpoint-damaged', /no valid weight_map/, withIndex('{}')],
  [
    'an index that maps to numbers',
    'checkpoint-damaged',
    /no valid weight_map/,
    withIndex(weightMap({ x: 1 })),
  ],
];

const IMPOSTORS: readonly BadCheckpoint[] = [
  ['an empty file', 'checkpoint-damaged', /0 bytes/, withWeights('')],
  ['seven bytes', 'checkpoint-damaged', /7 bytes/, withWeights('1234567')],
  ['a zip', 'checkpoint-unsupported', /zip/, withWeights('PK\u0003\u0004 and so on, as PyTorch writes it')],
  ['a pickle', 'checkpoint-unsupported', /pickle/, withWeights(Buffer.from('80027d7100580100000061', 'hex'))],
  ['a GGUF file', 'checkpoint-unsupported', /GGUF/, withWeights('GGUF\u0003\0\0\0 and so on')],
  [
    'a gzip archive',
    'checkpoint-unsupported',
    /gzip/,
    withWeights(Buffer.from('1f8b0800000000000003', 'hex')),
  ],
  [
    'an HDF5 file',
    'checkpoint-unsupported',
    /HDF5/,
    withWeights(Buffer.from('894844460d0a1a0a00000000', 'hex')),
  ],
  [
    'an HTML page',
    'checkpoint-unsupported',
    /HTML/,
    withWeights('\n<!DOCTYPE html><html><body>Not found</body></html>'),
  ],
  ['a bare HTML page', 'checkpoint-unsupported', /HTML/, withWeights('<html><head></head></html>')],
  [
    'an XML page',
    'checkpoint-unsupported',
    /XML/,
    withWeights('<?xml version="1.0"?><Error>AccessDenied</Error>'),
  ],
  ['a JSON answer', 'checkpoint-unsupported', /JSON file/, withWeights('{"error": "Repository not found"}')],
  [
    'a git-lfs pointer',
    'checkpoint-unsupported',
    /git-lfs/,
    withWeights('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
  ],
];

const HEADERS: readonly BadCheckpoint[] = [
  [
    'a header longer than the file',
    'checkpoint-damaged',
    /claims 255 bytes/,
    withWeights(Buffer.from('ff000000000000007b7d', 'hex')),
  ],
  [
    'a header of 2^64 - 1 bytes',
    'checkpoint-damaged',
    /cut short or no safetensors/,
    withWeights(Buffer.from('ffffffffffffffff7b7d', 'hex')),
  ],
  [
    'a header that is no UTF-8',
    'checkpoint-damaged',
    /UTF-8/,
    withWeights(Buffer.from('0300000000000000ff7b7d', 'hex')),
  ],
  ['a header that is no JSON', 'checkpoint-damaged', /isn't JSON/, withWeights(safetensors('{"x": }'))],
  [
    'a header nested a million deep',
    'checkpoint-damaged',
    /isn't JSON|object/,
    withWeights(safetensors('['.repeat(1e6))),
  ],
  ['a header that is a list', 'checkpoint-damaged', /JSON object/, withWeights(safetensors([F32]))],
  ['a header that is null', 'checkpoint-damaged', /JSON object/, withWeights(safetensors(null))],
  ['an entry that is null', 'checkpoint-unsupported', /"x" has the unknown dtype/, withEntry(null)],
  [
    'no dtype',
    'checkpoint-unsupported',
    /"x" has the unknown dtype/,
    withEntry({ shape: [2], data_offsets: [0, 8] }),
  ],
  [
    'an unknown dtype',
    'checkpoint-unsupported',
    /"x" has the unknown dtype "F8_E4M3"/,
    withEntry({ ...F32, dtype: 'F8_E4M3' }),
  ],
  [
    'a dtype of every object',
    'checkpoint-unsupported',
    /unknown dtype "constructor"/,
    withEntry({ ...F32, dtype: 'constructor' }),
  ],
  ['no shape', 'checkpoint-damaged', /no valid shape/, withEntry({ ...F32, shape: undefined })],
  ['a negative size', 'checkpoint-damaged', /no valid shape/, withEntry({ ...F32, shape: [-2] })],
  ['a fractional size', 'checkpoint-damaged', /no valid shape/, withEntry({ ...F32, shape: [1.5] })],
  ['a size in words', 'checkpoint-damaged', /no valid shape/, withEntry({ ...F32, shape: ['2'] })],
  [
    'seventeen axes',
    'checkpoint-damaged',
    /no valid shape/,
    withEntry({ ...F32, shape: [2, ...Array(16).fill(1)] }),
  ],
  [
    'an absurd size',
    'checkpoint-damaged',
    /needs .* bytes/,
    withEntry({ ...F32, shape: [2 ** 40, 2 ** 40] }),
  ],
  [
    'infinitely much',
    'checkpoint-damaged',
    /needs .* bytes/,
    withEntry({ ...F32, shape: [...Array(15).fill(2 ** 52), 0] }),
  ],
  ['no range', 'checkpoint-damaged', /no valid data range/, withEntry({ ...F32, data_offsets: undefined })],
  [
    'a range of three',
    'checkpoint-damaged',
    /no valid data range/,
    withEntry({ ...F32, data_offsets: [0, 8, 8] }),
  ],
  [
    'a negative range',
    'checkpoint-damaged',
    /no valid data range/,
    withEntry({ ...F32, data_offsets: [-8, 0] }),
  ],
  ['a backward range', 'checkpoint-damaged', /lies at 8..0/, withEntry({ ...F32, data_offsets: [8, 0] })],
  [
    'a range outside the file',
    'checkpoint-damaged',
    /lies at 8..16, outside/,
    withEntry({ ...F32, data_offsets: [8, 16] }),
  ],
  [
    'a range that is too short',
    'checkpoint-damaged',
    /needs 8 bytes, its range has 4/,
    withEntry({ ...F32, data_offsets: [0, 4] }),
  ],
  [
    'overlapping tensors',
    'checkpoint-damaged',
    /"y" overlaps the tensor "x"/,
    withWeights(safetensors({ x: F32, y: { ...F32, data_offsets: [4, 12] } }, new Uint8Array(12))),
  ],
  [
    'the same bytes twice',
    'checkpoint-damaged',
    /"y" overlaps the tensor "x"/,
    withWeights(safetensors({ x: F32, y: F32 }, new Uint8Array(8))),
  ],
  [
    'a gap between tensors',
    'checkpoint-damaged',
    /gap between the tensor "x" and the tensor "y"/,
    withWeights(safetensors({ x: F32, y: { ...F32, data_offsets: [12, 20] } }, new Uint8Array(20))),
  ],
  [
    'a gap before the first tensor',
    'checkpoint-damaged',
    /gap between the header and/,
    withWeights(safetensors({ x: { ...F32, data_offsets: [4, 12] } }, new Uint8Array(12))),
  ],
  [
    'a missing tensor',
    'checkpoint-damaged',
    /bytes after|gap|no tensor/,
    withIntactWeights(SOME_TENSOR, () => undefined),
  ],
  [
    'another shape of the same size',
    'checkpoint-damaged',
    /"gen_transformer.x_embedder.weight" in model.safetensors has shape \[16,48\], the config implies \[48,16\]/,
    withIntactWeights(SOME_TENSOR, (entry) => ({ ...entry, shape: [...entry.shape].reverse() })),
  ],
  [
    'integer weights',
    'checkpoint-unsupported',
    /x_embedder.weight" has dtype I32/,
    withIntactWeights(SOME_TENSOR, (entry) => ({ ...entry, dtype: 'I32' })),
  ],
];

const TEXT = 'llm_config.text_config';
const VISION = 'llm_config.vision_config';
const CONFIGS: readonly BadCheckpoint[] = [
  ['no config', 'checkpoint-missing', /no config.json/, (folder) => removeFolder(join(folder, CONFIG))],
  [
    'a config cut short',
    'checkpoint-damaged',
    /isn't valid JSON/,
    withText(CONFIG, (text) => text.slice(0, 500)),
  ],
  ['an empty config', 'checkpoint-damaged', /isn't valid JSON/, withText(CONFIG, () => '')],
  [
    'a config that is a list',
    'checkpoint-unsupported',
    /config.json: the file/,
    withText(CONFIG, () => '[]'),
  ],
  ['a config of another model', 'checkpoint-unsupported', /model_type/, withConfig('model_type', 'llama')],
  [
    'a config of 65 MiB',
    'checkpoint-damaged',
    /implausibly large/,
    async (folder) => {
      await replaceFile(folder, CONFIG, '{}');
      await truncate(join(folder, CONFIG), 65 * 2 ** 20);
    },
  ],
  [
    'a config that is a pipe',
    'checkpoint-damaged',
    /no ordinary file/,
    async (folder) => {
      await removeFolder(join(folder, CONFIG));
      execFileSync('mkfifo', [join(folder, CONFIG)]);
    },
  ],
  ['a width of a billion', 'checkpoint-unsupported', /hidden_size/, withConfig(`${TEXT}.hidden_size`, 1e9)],
  ['a width of 0', 'checkpoint-unsupported', /hidden_size/, withConfig(`${TEXT}.hidden_size`, 0)],
  ['a width of -64', 'checkpoint-unsupported', /hidden_size/, withConfig(`${TEXT}.hidden_size`, -64)],
  ['a width of 64.5', 'checkpoint-unsupported', /hidden_size/, withConfig(`${TEXT}.hidden_size`, 64.5)],
  ['a width in words', 'checkpoint-unsupported', /hidden_size/, withConfig(`${TEXT}.hidden_size`, '64')],
  [
    'a hundred thousand layers',
    'checkpoint-unsupported',
    /num_hidden_layers/,
    withConfig(`${TEXT}.num_hidden_layers`, 1e5),
  ],
  ['no layers', 'checkpoint-unsupported', /num_hidden_layers/, withConfig(`${TEXT}.num_hidden_layers`, 0)],
  ['a vocabulary of 10^12', 'checkpoint-unsupported', /vocab_size/, withConfig(`${TEXT}.vocab_size`, 1e12)],
  ['an unknown activation', 'checkpoint-unsupported', /hidden_act/, withConfig(`${TEXT}.hidden_act`, 'relu')],
  [
    'an unknown rotation',
    'checkpoint-unsupported',
    /rope_type/,
    withConfig(`${TEXT}.rope_scaling.rope_type`, 'yarn'),
  ],
  ['a rotation base of 0', 'checkpoint-unsupported', /rope_theta/, withConfig(`${TEXT}.rope_theta`, 0)],
  ['an epsilon of -1', 'checkpoint-unsupported', /rms_norm_eps/, withConfig(`${TEXT}.rms_norm_eps`, -1)],
  [
    'heads that key heads do not divide',
    'checkpoint-unsupported',
    /num_attention_heads 4 isn't a multiple of num_key_value_heads 3/,
    withConfig(`${TEXT}.num_key_value_heads`, 3),
  ],
  ['an odd head', 'checkpoint-unsupported', /head_dim 15/, withConfig(`${TEXT}.head_dim`, 15)],
  [
    'more frequencies than a head has',
    'checkpoint-unsupported',
    /mrope_section \[24,20,20\] has 64 frequencies/,
    withConfig(`${TEXT}.rope_scaling.mrope_section`, [24, 20, 20]),
  ],
  [
    'generation ids beyond the vocabulary',
    'checkpoint-unsupported',
    /gen_vocab_start_index 900/,
    withConfig(`${TEXT}.gen_vocab_start_index`, 900),
  ],
  [
    'an unknown kind of experts',
    'checkpoint-unsupported',
    /moe_type/,
    withConfig(`${TEXT}.moe_type`, 'ffn-1'),
  ],
  [
    'a picture id without a row',
    'checkpoint-unsupported',
    /image_token_id 151655/,
    withConfig('llm_config.image_token_id', 151_655),
  ],
  [
    'vision heads that do not divide',
    'checkpoint-unsupported',
    /vision_config: hidden_size 32/,
    withConfig(`${VISION}.num_heads`, 3),
  ],
  [
    'vision heads too narrow for two axes',
    'checkpoint-unsupported',
    /the head width 2/,
    withConfig(`${VISION}.num_heads`, 16),
  ],
  [
    'a vision width the decoder lacks',
    'checkpoint-unsupported',
    /out_hidden_size 60/,
    withConfig(`${VISION}.out_hidden_size`, 60),
  ],
  [
    'a condition layer beyond the last',
    'checkpoint-unsupported',
    /gen_condition_layers: 5/,
    withConfig('gen_condition_layers', [5]),
  ],
  [
    'a condition layer before the first',
    'checkpoint-unsupported',
    /gen_condition_layers: -6/,
    withConfig('gen_condition_layers', [-2, -6]),
  ],
  [
    'no condition layer',
    'checkpoint-unsupported',
    /gen_condition_layers/,
    withConfig('gen_condition_layers', []),
  ],
  [
    'an unknown condition',
    'checkpoint-unsupported',
    /gen_condition_mode/,
    withConfig('gen_condition_mode', 'audio'),
  ],
  [
    'axes that are no head',
    'checkpoint-unsupported',
    /head width 16 isn't the sum of the axes \[4,6,8\]/,
    withConfig('gen_dit_config.axes_dim_rope', [4, 6, 8]),
  ],
  [
    'odd axes',
    'checkpoint-unsupported',
    /aren't all even/,
    withConfig('gen_dit_config.axes_dim_rope', [4, 5, 7]),
  ],
  [
    'diffusion heads that do not divide',
    'checkpoint-unsupported',
    /num_kv_heads 2/,
    withConfig('gen_dit_config.num_kv_heads', 2),
  ],
  [
    'latents the VAE lacks',
    'checkpoint-unsupported',
    /latent_channels 8/,
    withConfig('gen_vae_config.latent_channels', 8),
  ],
  [
    'groups that do not divide',
    'checkpoint-unsupported',
    /norm_num_groups 3/,
    withConfig('gen_vae_config.norm_num_groups', 3),
  ],
  [
    'an unknown VAE block',
    'checkpoint-unsupported',
    /down_block_types/,
    withConfig('gen_vae_config.down_block_types', ['Attn']),
  ],
  [
    'a VAE scale of 0',
    'checkpoint-unsupported',
    /scaling_factor/,
    withConfig('gen_vae_config.scaling_factor', 0),
  ],
  [
    'an odd code width',
    'checkpoint-unsupported',
    /embed_dim 30/,
    withConfig('gen_tokenizer_config.embed_dim', 30),
  ],
  [
    'a codebook of one',
    'checkpoint-unsupported',
    /codebook_size/,
    withConfig('gen_tokenizer_config.codebook_size', 1),
  ],
  [
    'a patch of 16',
    'checkpoint-unsupported',
    /patch_size/,
    withConfig('gen_tokenizer_config.patch_size', 16),
  ],
];

const VISION_TOKENS = 'mammothu_vision_tokens.txt';
const TOKENIZERS: readonly BadCheckpoint[] = [
  [
    'no vocabulary',
    'checkpoint-missing',
    /mammothu.tiktoken is missing/,
    (folder) => removeFolder(join(folder, RANKS)),
  ],
  [
    'a vocabulary cut at a line',
    'tokenizer-damaged',
    /mammothu.tiktoken/,
    withText(RANKS, (text) => text.split('\n').slice(0, 300).join('\n')),
  ],
  [
    'a vocabulary cut inside a line',
    'tokenizer-damaged',
    /mammothu.tiktoken/,
    withText(RANKS, (text) => text.slice(0, -3)),
  ],
  ['an empty vocabulary', 'tokenizer-damaged', /mammothu.tiktoken/, withText(RANKS, () => '')],
  [
    'a rank twice',
    'tokenizer-damaged',
    /mammothu.tiktoken/,
    withText(RANKS, (text) => `${text.split('\n')[0]}\n${text}`),
  ],
  [
    'a vocabulary that is a page',
    'tokenizer-damaged',
    /mammothu.tiktoken/,
    withText(RANKS, () => '<html>Not found</html>'),
  ],
  [
    'no picture tokens',
    'checkpoint-missing',
    /mammothu_vision_tokens.txt is missing/,
    (folder) => removeFolder(join(folder, VISION_TOKENS)),
  ],
  [
    'picture tokens cut inside a line',
    'tokenizer-damaged',
    /mammothu_vision_tokens.txt/,
    withText(VISION_TOKENS, (text) => text.trimEnd().slice(0, -4)),
  ],
];

export const BAD_CHECKPOINTS = [...FILES, ...IMPOSTORS, ...HEADERS, ...CONFIGS, ...TOKENIZERS];
