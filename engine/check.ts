/** Checks what crosses a boundary against the protocol's schemas, and says in plain words what is wrong. */
import type { z } from 'zod';
import { type ErrorCode, TuskError } from './errors.ts';
import { type Params, VERBS, type Verb } from './protocol.ts';

type Issue = z.core.$ZodIssue;

/** Which error a bad parameter is, by its name. */
const CODES: Record<string, ErrorCode> = {
  prompt: 'bad-prompt',
  instruction: 'bad-prompt',
  negative: 'bad-prompt',
  messages: 'bad-prompt',
  pictures: 'bad-picture',
  picture: 'bad-picture',
  checkpoint: 'checkpoint-missing',
};

/** @throws TuskError `bad-prompt`, `bad-picture`, `bad-setting` or `bad-request`, naming the parameter. */
export function parseParams<V extends Verb>(verb: V, params: unknown): Params<V> {
  const parsed = VERBS[verb].params.safeParse(params ?? {});
  if (parsed.success) return parsed.data as Params<V>;
  const issue = deepest(parsed.error.issues[0]!);
  const [first] = issue.path;
  const code = CODES[String(first)] ?? (first === undefined ? 'bad-request' : 'bad-setting');
  throw new TuskError(code, `${parameterName(verb, issue)} ${explain(issue)}.`, {
    hint: first === undefined ? undefined : `Change ${String(first)} and try again.`,
  });
}

/** A union reports one issue for all its branches: the branch that got furthest says most. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
  return inner ? deepest({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

function parameterName(verb: Verb, issue: Issue): string {
  return issue.path.length === 0 ? `The request "${verb}"` : `The ${issue.path.join('.')}`;
}

function explain(issue: Issue): string {
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'too_small') return sized(issue.origin, 'at least', issue.minimum, issue.message);
  if (issue.code === 'too_big') return sized(issue.origin, 'at most', issue.maximum, issue.message);
  if (issue.code === 'invalid_type') return `must be ${issue.expected}`;
  if (issue.code === 'unrecognized_keys') return `has the unknown setting "${issue.keys[0]}"`;
  return `is not valid (${issue.message})`;
}

function sized(origin: string, bound: string, limit: number | bigint, message: string): string {
  if (origin === 'string') return message;
  return origin === 'array' ? `must hold ${bound} ${limit} entries` : `must be ${bound} ${limit}`;
}
