/** What a repository holds: the commit, and its files with sizes and hashes, pinned for the whole download. */
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import type { Web } from './web.ts';

export interface HubFile {
  /** Path inside the repository; a plain name, since folders hold nothing a checkpoint needs. */
  name: string;
  sizeBytes: number;
  hash: { kind: 'sha256' | 'git-sha1'; hex: string };
}

export interface Listing {
  commit: string;
  files: HubFile[];
}

/** What a checkpoint in the official layout is made of, and its licence. Weights in other formats stay where they are. */
const WANTED = /^[\w-][\w.-]*\.(json|txt|tiktoken|jinja|safetensors|md)$|^LICENSE[\w.-]*$/;

export const isWanted = (name: string): boolean => WANTED.test(name);

/** A listing of tens of thousands of files. */
const MOST_BYTES = 16 * 2 ** 20;

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));
const answer = z.object({
  sha: hex(40),
  siblings: z.array(
    z.object({
      rfilename: z.string().max(1_000),
      size: z.number().int().nonnegative(),
      blobId: hex(40),
      lfs: z.object({ sha256: hex(64), size: z.number().int().nonnegative() }).nullish(),
    }),
  ),
});

/** @throws TuskError `download-failed` saying what answered in place of a hub, `not-found` */
export async function listRepository(
  web: Web,
  repository: string,
  revision: string,
  signal?: AbortSignal,
): Promise<Listing> {
  const url = web.address(`/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`);
  const { status, text } = await ask(web, url, signal);
  if (status === 401 || status === 403 || status === 404) throw notThere(repository, web.endpoint, status);
  if (status === 429 || status >= 500) throw busy(web.endpoint, status);
  if (status !== 200) throw notAHub(web.endpoint, `status ${status}`);
  const parsed = answer.safeParse(parseJson(text));
  if (!parsed.success)
    throw notAHub(web.endpoint, /<html|<!doctype/i.test(text) ? 'a web page' : 'something else');
  const { sha, siblings } = parsed.data;
  const files = siblings.filter(({ rfilename }) => isWanted(rfilename)).map(toFile);
  if (
    !files.some(({ name }) => name === 'config.json') ||
    !files.some(({ name }) => name.endsWith('.safetensors'))
  )
    throw new TuskError(
      'checkpoint-unsupported',
      `${repository} holds no config.json with .safetensors weights.`,
      {
        hint: 'Tusk reads checkpoints in the official MammothModa2 layout.',
      },
    );
  return { commit: sha, files };
}

async function ask(
  web: Web,
  url: URL,
  signal: AbortSignal | undefined,
): Promise<{ status: number; text: string }> {
  try {
    const { status, body } = await web.get(url, { signal });
    return { status, text: await readText(body, web.endpoint) };
  } catch (cause) {
    if (cause instanceof TuskError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TuskError('download-failed', `${web.endpoint.host} can't be reached: ${reason}.`, {
      cause,
      hint: 'Look whether this computer is online, then start the download again: what was fetched is kept.',
    });
  }
}

/** @throws TuskError `download-failed` for more than a listing can have */
async function readText(body: AsyncIterable<Uint8Array>, endpoint: URL): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > MOST_BYTES) throw notAHub(endpoint, `more than ${MOST_BYTES / 2 ** 20} MiB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function toFile({ rfilename, size, blobId, lfs }: z.infer<typeof answer>['siblings'][number]): HubFile {
  const hash = lfs
    ? ({ kind: 'sha256', hex: lfs.sha256 } as const)
    : ({ kind: 'git-sha1', hex: blobId } as const);
  return { name: rfilename, sizeBytes: lfs?.size ?? size, hash };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const notThere = (repository: string, endpoint: URL, status: number) =>
  new TuskError('not-found', `${endpoint.host} shows no repository ${repository} (status ${status}).`, {
    hint: 'Check the name. If the repository asks for an account, put its token into the variable HF_TOKEN; it is sent to huggingface.co alone.',
  });

const busy = (endpoint: URL, status: number) =>
  new TuskError('download-failed', `${endpoint.host} has no time for an answer (status ${status}).`, {
    hint: 'Start the download again later: what was fetched is kept.',
  });

const notAHub = (endpoint: URL, what: string) =>
  new TuskError('download-failed', `${endpoint.host} answers with ${what}, not as a model hub does.`, {
    hint: 'A network with a login page answers like this: open a web page first. Or check the endpoint.',
  });
