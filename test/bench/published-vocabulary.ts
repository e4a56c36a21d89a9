/** The published checkpoint's ids: its vocabulary in full length, of which the small tokenizer's words are the first. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RANKS_FILE, VISION_TOKENS_FILE } from '../../engine/tokenizer/vocabulary.ts';

type Json = Record<string, unknown>;
type Config = Record<string, Json>;

const TEXT_IDS = 152_064;
const SPECIALS = 151_643;
const CODES = 16_384;
const FIRST_CODE = TEXT_IDS + 8;

/** Sets config.json's ids and sizes of the vocabulary. */
export function withPublishedVocabulary(config: Config): void {
  const vocabulary = { gen_vocab_size: 32_800, gen_vocab_start_index: TEXT_IDS };
  const llm = config.llm_config as Config;
  Object.assign(llm, vocabulary, {
    ...{ vision_start_token_id: 151_652, vision_end_token_id: 151_653 },
    ...{ image_token_id: 151_655, video_token_id: 151_656 },
  });
  Object.assign(llm.text_config!, { vocab_size: TEXT_IDS, ...vocabulary });
}

/** Lengthens the small checkpoint's tokenizer files in `folder` to those ids, with tokens that no text contains. */
export async function writePublishedVocabulary(folder: string): Promise<void> {
  const ranks = (await readFile(join(folder, RANKS_FILE), 'utf8')).trimEnd().split('\n');
  for (let rank = ranks.length; rank < SPECIALS; rank++) {
    const token = Buffer.from([0xff, 0xff, rank >> 16, (rank >> 8) & 255, rank & 255]);
    ranks.push(`${token.toString('base64')} ${rank}`);
  }
  await writeFile(join(folder, RANKS_FILE), `${ranks.join('\n')}\n`);
  const pictures = ['image start', 'image end', 'image token'].map((name) => `<|${name}|>`);
  const codes = Array.from({ length: CODES }, (_, code) => `<|visual token ${`${code}`.padStart(6, '0')}|>`);
  await writeFile(join(folder, VISION_TOKENS_FILE), `${[...pictures, ...codes].join('\n')}\n`);
  const ends = { eos_token_id: [SPECIALS + 2, SPECIALS], pad_token_id: SPECIALS };
  await change(
    folder,
    'tokenizer_config.json',
    ({ special_start_id, num_extra, num_extra_margin, ...kept }) => kept,
  );
  await change(folder, 'und_generation_config.json', (kept) => ({ ...kept, ...ends }));
  await change(folder, 't2i_generation_config.json', (kept) => ({
    ...{ ...kept, ...ends, eol_token_id: TEXT_IDS },
    ...{ visual_token_start_id: FIRST_CODE, visual_token_end_id: FIRST_CODE + CODES },
  }));
}

async function change(folder: string, name: string, to: (json: Json) => Json): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(to(JSON.parse(await readFile(path, 'utf8'))), null, 2));
}
