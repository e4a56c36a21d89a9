/** Text inside PNG files: writing and reading tEXt, zTXt and iTXt chunks (PNG specification, 11.3.3). */
import { crc32, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Signature and IHDR, which always comes first and is 13 bytes long. */
const AFTER_HEADER = 8 + 12 + 13;
const MAX_TEXT_BYTES = 4 * 2 ** 20;

/** @param png a whole file. @param texts keyword (1 to 79 Latin letters) -> text; Latin-1 becomes tEXt, else iTXt. */
export function withTexts(png: Uint8Array, texts: Readonly<Record<string, string>>): Buffer {
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([png.subarray(0, AFTER_HEADER), ...chunks, png.subarray(AFTER_HEADER)]);
}

/** An iTXt chunk whatever the characters: XMP has to be one. */
export function withUnicodeText(png: Uint8Array, keyword: string, text: string): Buffer {
  return Buffer.concat([
    png.subarray(0, AFTER_HEADER),
    unicodeChunk(keyword, text),
    png.subarray(AFTER_HEADER),
  ]);
}

/** All texts of a PNG file by keyword; what is damaged, too long or no PNG yields nothing. */
export function readTexts(file: Uint8Array): Map<string, string> {
  const png = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const texts = new Map<string, string>();
  if (!png.subarray(0, 8).equals(SIGNATURE)) return texts;
  for (let at = 8; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (at + 12 + length > png.length || type === 'IEND') break;
    const entry = READERS[type]?.(png.subarray(at + 8, at + 8 + length));
    if (entry) texts.set(entry.keyword, entry.text);
    at += 12 + length;
  }
  return texts;
}

interface Entry {
  keyword: string;
  text: string;
}

const READERS: Readonly<Record<string, (data: Buffer) => Entry | undefined>> = {
  tEXt: (data) => {
    const [keyword, text] = cut(data, 1);
    return text && { keyword: keyword!.toString('latin1'), text: text.toString('latin1') };
  },
  zTXt: (data) => {
    const [keyword, rest] = cut(data, 1);
    const text = rest && inflate(rest.subarray(1));
    return text && { keyword: keyword!.toString('latin1'), text: text.toString('latin1') };
  },
  iTXt: (data) => {
    const [keyword, rest] = cut(data, 1);
    const [, , body] = rest ? cut(rest.subarray(2), 2) : [];
    const text = body && (rest![0] === 1 ? inflate(body) : body);
    return text && { keyword: keyword!.toString('latin1'), text: text.toString('utf8') };
  },
};

/** The parts between the first `separators` NUL bytes; fewer parts if there are fewer. */
function cut(data: Buffer, separators: number): Buffer[] {
  const end = separators === 0 ? -1 : data.indexOf(0);
  return end < 0 ? [data] : [data.subarray(0, end), ...cut(data.subarray(end + 1), separators - 1)];
}

function inflate(data: Buffer): Buffer | undefined {
  try {
    return inflateSync(data, { maxOutputLength: MAX_TEXT_BYTES });
  } catch {
    return undefined;
  }
}

function textChunk(keyword: string, text: string): Buffer {
  const isLatin1 = /^[\t\n\x20-\x7e\xa0-\xff]*$/.test(text);
  if (!isLatin1) return unicodeChunk(keyword, text);
  return chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'));
}

function unicodeChunk(keyword: string, text: string): Buffer {
  const NO_COMPRESSION_LANGUAGE_TRANSLATION = '\0\0\0\0\0';
  return chunk('iTXt', Buffer.from(`${keyword}${NO_COMPRESSION_LANGUAGE_TRANSLATION}${text}`, 'utf8'));
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
