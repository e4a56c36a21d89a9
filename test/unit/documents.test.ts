/** What the documents say about the tree is true: every path they name exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const DOCUMENTS = ['README.md', 'MODEL_CARD.md', 'THIRD_PARTY_NOTICES.md', 'docs/architecture.md'];
const PATH = /(?:^|\s)([\w.-]+\/|[\w-]+\.(?:ts|tsx|mjs|md))(?=\s|$)/g;

/** Paths of a tree block: names at the margin are folders of the repository, indented ones lie in the last of them. */
function treePaths(block: string): string[] {
  let parent = '';
  return block.split('\n').flatMap((line) => {
    const [first, ...others] = [...line.slice(0, 200).matchAll(PATH)].map(([, path]) => path!);
    if (first === undefined) return [];
    const indented = line.startsWith('  ');
    if (!indented) parent = first;
    return indented ? [first, ...others].map((path) => join(parent, path)) : [first];
  });
}

function namedPaths(document: string): string[] {
  const text = readFileSync(document, 'utf8');
  const trees = [...text.matchAll(/```\n(engine\/[\s\S]*?)```/g)].flatMap(([, block]) => treePaths(block!));
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) =>
    join(dirname(document), path!),
  );
  const inline = [
    ...text.matchAll(/`((?:engine|test|training|docs|scripts|assets|renderer)\/[\w./-]*)`/g),
  ].map(([, path]) => path!);
  return [...trees, ...links, ...inline];
}

for (const document of DOCUMENTS) {
  test(`${document} names only what exists`, () => {
    const paths = namedPaths(document);
    assert.ok(paths.length > 0, 'it names no path at all');
    assert.deepEqual(
      paths.filter((path) => !existsSync(path)),
      [],
    );
  });
}

test('no document has a place left to fill', () => {
  assert.deepEqual(
    DOCUMENTS.filter((document) => readFileSync(document, 'utf8').includes('<!-- to fill')),
    [],
  );
});
