/** Pictures to files: PNG that says how and by what it was made, and small previews. */
import sharp, { type Sharp } from 'sharp';
import type { Picture } from './picture.ts';
import { readTexts, withTexts, withUnicodeText } from './png-text.ts';
import { type ForeignRecipe, parseRecipeText, type RecipeFacts, recipeText } from './recipe-text.ts';

const TEXT_KEYWORD = 'parameters';
const RECIPE_KEYWORD = 'tusk';
export const XMP_KEYWORD = 'XML:com.adobe.xmp';

/** IPTC's term for media made by a trained model (cv.iptc.org/newscodes/digitalsourcetype). */
export const MADE_BY_MODEL = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';

export const PROVENANCE_XMP = `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" Iptc4xmpExt:DigitalSourceType="${MADE_BY_MODEL}" xmp:CreatorTool="Tusk"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`;

/**
 * A picture the model made, as a PNG file. It always says that a model made it.
 * @param recipe written as `parameters` text other programs read, and whole as JSON; absent = left out.
 */
export async function encodeGeneratedPng(picture: Picture, recipe?: RecipeFacts): Promise<Uint8Array> {
  const png = withUnicodeText(await raw(picture).png().toBuffer(), XMP_KEYWORD, PROVENANCE_XMP);
  if (!recipe) return png;
  return withTexts(png, { [TEXT_KEYWORD]: recipeText(recipe), [RECIPE_KEYWORD]: JSON.stringify(recipe) });
}

export interface FoundRecipe {
  /** Our own recipe as written; check it with the recipe's schema. */
  recipe?: unknown;
  /** What the `parameters` text says, ours or another program's. */
  text?: ForeignRecipe;
}

/** The recipe a PNG file carries, if it does. Never throws: any file may be dropped on the window. */
export function readRecipe(file: Uint8Array): FoundRecipe {
  const texts = readTexts(file);
  const json = texts.get(RECIPE_KEYWORD);
  const text = texts.get(TEXT_KEYWORD);
  return { recipe: json && parseJson(json), text: text ? parseRecipeText(text) : undefined };
}

/** Whether a PNG file carries the mark of pictures a model made. */
export const isMarkedAsMade = (file: Uint8Array): boolean =>
  readTexts(file).get(XMP_KEYWORD)?.includes(MADE_BY_MODEL) ?? false;

export type PreviewFormat = 'png' | 'jpeg';

/**
 * A small picture for the screen, without notes.
 * @param maxSide pixels of the longer side; a smaller picture keeps its size.
 */
export async function encodePreview(
  picture: Picture,
  maxSide: number,
  format: PreviewFormat = 'jpeg',
): Promise<Uint8Array> {
  const small = raw(picture).resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true });
  return format === 'png'
    ? small.png({ compressionLevel: 3 }).toBuffer()
    : small.jpeg({ quality: 80 }).toBuffer();
}

function raw({ width, height, pixels }: Picture): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
