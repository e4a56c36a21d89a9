/** The window says the same things in every language, and has words for every failure. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '../../engine/errors.ts';

type Words = { [key: string]: string | Words };

const FOLDER = 'renderer/locales';
const LANGUAGES = readdirSync(FOLDER).filter((language) => language !== 'en');
const AREAS = readdirSync(join(FOLDER, 'en'));

const read = (language: string, area: string): Words =>
  JSON.parse(readFileSync(join(FOLDER, language, area), 'utf8'));

/** Each key with the values its sentence takes. */
function sentences(words: Words, path = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string'
      ? `${path}${key} ${[...value.matchAll(/{{(\w+)/g)].map(([, name]) => name).sort()}`
      : sentences(value, `${path}${key}.`),
  );
}

for (const language of LANGUAGES)
  for (const area of AREAS)
    test(`${language}/${area} has the sentences of English, with the same values in them`, () => {
      assert.deepEqual(sentences(read(language, area)).sort(), sentences(read('en', area)).sort());
    });

for (const language of ['en', ...LANGUAGES])
  test(`every failure has its sentence and its next step: ${language}`, () => {
    const words = read(language, 'failures.json');
    const without = ERROR_CODES.filter((code) => {
      const { what, next } = (words[code] ?? {}) as Words;
      return !what || !next;
    });
    assert.deepEqual(without, []);
  });

test('German addresses a person in one way', () => {
  const formal = AREAS.flatMap((area) =>
    readFileSync(join(FOLDER, 'de', area), 'utf8')
      .split('\n')
      .filter((line) => /\b(Sie|Ihnen|Ihre?[nmrs]?)\b/.test(line)),
  );
  assert.deepEqual(formal, []);
});
