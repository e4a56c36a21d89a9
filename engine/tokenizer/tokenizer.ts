/**
 * Text to ids and back, equal to the official tokenizer: NFC, special tokens recognised anywhere, Qwen's split
 * pattern, byte pairs by rank. Decoding undoes nothing and replaces broken UTF-8 with U+FFFD.
 */
import { TuskError } from '../errors.ts';
import { mergeBytes, type Ranks } from './byte-pair.ts';
import { pieces, SpecialTokenFinder } from './split.ts';
import {
  parseRanks,
  parseTokenizerConfig,
  RANKS_FILE,
  specialTokens,
  type TokenizerConfig,
  VISION_TOKENS_FILE,
} from './vocabulary.ts';

/** Where a checkpoint's text files come from; `Checkpoint` fits. */
export interface TextFiles {
  readText(name: string): Promise<string>;
  readJson(name: string): Promise<unknown>;
}

export class Tokenizer {
  /** How many ids have a token; all ids are below it. */
  readonly vocabularySize: number;
  private readonly finder: SpecialTokenFinder;
  private readonly bytesOfId: string[] = [];
  private readonly longestToken: number;

  constructor(
    private readonly ranks: Ranks,
    private readonly specials: ReadonlyMap<string, number>,
    readonly config: TokenizerConfig,
  ) {
    let longest = 1;
    for (const [bytes, id] of ranks) {
      this.bytesOfId[id] = bytes;
      longest = Math.max(longest, bytes.length);
    }
    this.longestToken = longest;
    for (const [token, id] of specials) this.bytesOfId[id] = utf8(token);
    this.vocabularySize = this.bytesOfId.length;
    this.finder = new SpecialTokenFinder(specials);
  }

  /** @throws TuskError `checkpoint-missing` or `tokenizer-damaged`, naming the file. */
  static async load(files: TextFiles): Promise<Tokenizer> {
    const config = parseTokenizerConfig(await files.readJson('tokenizer_config.json'));
    const ranks = parseRanks(await files.readText(RANKS_FILE), config.special_start_id);
    return new Tokenizer(ranks, specialTokens(await files.readText(VISION_TOKENS_FILE), config), config);
  }

  /** Lone surrogates become U+FFFD. Takes time linear in the text, but for the logarithm of its longest word. */
  encode(text: string): number[] {
    const ids: number[] = [];
    for (const part of this.finder.parts(text.normalize('NFC'))) {
      if (typeof part === 'number') ids.push(part);
      else for (const piece of pieces(part)) this.encodePiece(piece, ids);
    }
    return ids;
  }

  private encodePiece(piece: string, ids: number[]): void {
    for (const id of mergeBytes(utf8(piece), this.ranks, this.longestToken)) ids.push(id);
  }

  /** Ids without a token (spare rows of the generation head) are left out. */
  decode(ids: Iterable<number>): string {
    const decoder = this.streamDecoder();
    let text = '';
    for (const id of ids) text += decoder.push(id);
    return text + decoder.end();
  }

  /** As `decode`, less every special token: ids from that of `<|endoftext|>` on. */
  decodeWithoutSpecial(ids: Iterable<number>): string {
    return this.decode([...ids].filter((id) => id < this.config.special_start_id));
  }

  /** Decodes id by id: `push` returns the characters that are complete by then, `end` what is left over. */
  streamDecoder(): { push(id: number): string; end(): string } {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      push: (id) => decoder.decode(Buffer.from(this.bytesOfId[id] ?? '', 'latin1'), { stream: true }),
      end: () => decoder.decode(),
    };
  }

  /** @param token a special token such as `<|image_pad|>`. @throws TuskError `tokenizer-damaged` if it is missing. */
  specialId(token: string): number {
    const id = this.specials.get(token);
    if (id !== undefined) return id;
    throw new TuskError('tokenizer-damaged', `The tokenizer has no token ${token}.`, {
      hint: `Fetch or copy ${VISION_TOKENS_FILE} and tokenizer_config.json again.`,
    });
  }

  hasSpecial(token: string): boolean {
    return this.specials.has(token);
  }

  /** Ids that stand for pictures and videos in a prompt; they are no text condition. */
  get visualIds(): number[] {
    return ['<|image_pad|>', '<|video_pad|>', '<|vision_start|>', '<|vision_end|>'].map((token) =>
      this.specialId(token),
    );
  }

  /** How many `<|visual token …|>` there are; their ids follow one another. */
  get visualTokenCount(): number {
    return [...this.specials.keys()].filter((token) => token.startsWith('<|visual token ')).length;
  }
}

/** UTF-8 bytes as code units 0..255. */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
