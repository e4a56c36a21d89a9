/** The arrows of docs/architecture.md as data, and the reader that finds imports against them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Import {
  /** Path from the repository's root, with forward slashes. */
  file: string;
  line: number;
  text: string;
  /** A path from the root for our own files, else the package as written. */
  target: string;
  typeOnly: boolean;
}

/** Layer of a file: the first pattern that matches. */
const LAYERS: readonly (readonly [layer: string, pattern: RegExp])[] = [
  ['base', /^engine\/(errors|log|files|intent|placing|choices)\.ts$/],
  ['wire', /^engine\/wire\.ts$/],
  ['protocol', /^engine\/(protocol|studio-protocol|shell-protocol|page|check)\.ts$/],
  ['client', /^engine\/(client|spawn)\.ts$/],
  ['entry', /^engine\/(process|server|browser|studio-process|cli)(\.ts$|\/)/],
  ['studio', /^engine\/studio\//],
  ['load', /^engine\/load[^/]*(\.ts$|\/)/],
  ['onnx', /^engine\/onnx\//],
  ['checkpoint', /^engine\/checkpoint\//],
  ['runtime', /^engine\/runtime\//],
  ['models', /^engine\/models\//],
  ['tokenizer', /^engine\/tokenizer\//],
  ['image', /^engine\/image\//],
  ['decoding', /^engine\/decoding\//],
  ['diffusion', /^engine\/diffusion\//],
  ['library', /^engine\/library\//],
  ['upscaling', /^engine\/upscaling\//],
  ['memory', /^engine\/memory\//],
  ['hub', /^engine\/hub\//],
  ['devices', /^engine\/devices\//],
  ['verify', /^engine\/verify(\.ts$|\/)/],
  ['verb', /^engine\/[^/]+\.ts$/],
  ['bridge', /^electron\/bridge\.ts$/],
  ['electron', /^electron\//],
  ['components', /^renderer\/components\//],
  ['stores', /^renderer\/stores\//],
  ['renderer-engine', /^renderer\/engine\//],
  ['feature', /^renderer\/features\//],
  ['page', /^renderer\//],
];

/** What a layer may import besides itself and, in the engine, `base`. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: [],
  protocol: [],
  onnx: [],
  checkpoint: [],
  runtime: [],
  models: ['onnx', 'checkpoint'],
  tokenizer: ['checkpoint'],
  image: ['runtime'],
  decoding: ['runtime', 'models', 'checkpoint', 'tokenizer'],
  diffusion: ['runtime', 'models', 'checkpoint', 'image'],
  upscaling: ['runtime', 'models', 'image'],
  memory: ['models', 'checkpoint'],
  load: [
    'memory',
    'models',
    'onnx',
    'checkpoint',
    'runtime',
    'tokenizer',
    'image',
    'decoding',
    'diffusion',
    'upscaling',
  ],
  library: ['image', 'protocol'],
  hub: ['checkpoint', 'models', 'memory'],
  devices: ['load', 'memory', 'models', 'decoding', 'diffusion', 'onnx', 'checkpoint', 'runtime'],
  verb: [
    'devices',
    'memory',
    'load',
    'decoding',
    'diffusion',
    'upscaling',
    'tokenizer',
    'image',
    'checkpoint',
    'runtime',
    'library',
    'protocol',
  ],
  verify: ['verb', 'load', 'decoding', 'diffusion', 'models', 'onnx', 'tokenizer', 'image'].concat([
    'checkpoint',
    'runtime',
    'protocol',
    'memory',
    'devices',
  ]),
  client: ['protocol'],
  studio: ['hub', 'library', 'image', 'protocol', 'client'],
  entry: [
    'devices',
    'studio',
    'memory',
    'wire',
    'verb',
    'verify',
    'load',
    'library',
    'hub',
    'protocol',
    'client',
    'image',
    'checkpoint',
  ],
  bridge: ['protocol'],
  electron: ['bridge', 'protocol', 'base'],
  components: [],
  stores: ['protocol', 'bridge'],
  'renderer-engine': ['wire', 'stores', 'protocol', 'bridge'],
  feature: ['components', 'stores', 'renderer-engine', 'protocol', 'bridge'],
  page: ['feature', 'components', 'stores', 'renderer-engine', 'protocol', 'bridge'],
};

const RENDERER = ['components', 'stores', 'renderer-engine', 'feature', 'page'];

/** Packages with an owner: no other layer imports them. */
const PACKAGE_OWNERS: readonly (readonly [pattern: RegExp, owners: readonly string[]])[] = [
  [/^onnxruntime-/, ['runtime']],
  [/^onnx-proto$/, ['onnx']],
  [/^(js-tiktoken|@huggingface\/jinja)/, ['tokenizer']],
  [/^sharp$/, ['image']],
  [/^undici$/, ['hub']],
  [/^ws$/, ['entry', 'client']],
  [/^(libsql|fflate)$/, ['library']],
  [/^electron/, ['electron']],
  [/^(react|react-dom)(\/|$)/, RENDERER],
  [/^zustand(\/|$)/, RENDERER],
];

const layerOf = (file: string): string | undefined => LAYERS.find(([, pattern]) => pattern.test(file))?.[0];

/** Why this import is against the architecture, or undefined. */
export function objection({ file, target, typeOnly }: Import): string | undefined {
  const from = layerOf(file);
  if (from === undefined) return undefined;
  if (!target.includes('.ts')) return packageObjection(from, target);
  const to = layerOf(target);
  if (to === undefined) return `${from} may not import ${target}`;
  if (RENDERER.includes(from) && (to === 'protocol' || to === 'bridge') && !typeOnly)
    return 'the renderer takes types only from engine/protocol and electron/bridge';
  if (from === 'feature' && to === 'feature' && featureOf(file) !== featureOf(target))
    return 'a feature may not import another feature';
  const allowed = to === from || ARROWS[from]?.includes(to) || (to === 'base' && file.startsWith('engine/'));
  return allowed ? undefined : `${from} may not import ${to}`;
}

function packageObjection(from: string, target: string): string | undefined {
  if (target.startsWith('node:'))
    return RENDERER.includes(from) ? 'the renderer runs in a browser: no Node modules' : undefined;
  const owners = PACKAGE_OWNERS.find(([pattern]) => pattern.test(target))?.[1];
  return owners && !owners.includes(from) ? `only ${owners.join(', ')} may import ${target}` : undefined;
}

const featureOf = (file: string): string | undefined => file.split('/')[2];

const IMPORT =
  /\b(?:(?:import|export)(\s+type)?\s+[\w*{$][^'";]*?\bfrom\s*|import\s*\(\s*|import\s+)(['"])([^'"]+)\2/g;

/** All imports of a source text: static, re-exporting, for effect and `import('...')`. */
export function importsOf(file: string, source: string): Import[] {
  return [...source.matchAll(IMPORT)].map((match) => ({
    file,
    line: source.slice(0, match.index + match[0].length).split('\n').length,
    text: match[0].replace(/\s+/g, ' '),
    target: match[3]!.startsWith('.') ? normalize(join(dirname(file), match[3]!)) : match[3]!,
    typeOnly: match[1] !== undefined,
  }));
}

/** Imports of every TypeScript file under the given folders. */
export function readImports(folders: readonly string[]): Import[] {
  return folders
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((file) => /\.tsx?$/.test(file))
    .flatMap((file) => importsOf(file, readFileSync(file, 'utf8')));
}
