/** Jobs: what a message asks for, sending it, and everything that can be done to the queue. */
import { randomInt } from 'node:crypto';
import { TuskError } from '../errors.ts';
import { detectIntent } from '../intent.ts';
import { newId } from '../library/ids.ts';
import { promptText } from '../protocol.ts';
import type { Job, Mode, StudioCheckedParams, Turn } from '../studio-protocol.ts';
import { begin } from './begin.ts';
import { notFound, unavailable } from './failures.ts';
import type { Handlers, Parts } from './parts.ts';
import { WAITING } from './queue.ts';
import { unknownWords } from './unknown-words.ts';

type Submission = StudioCheckedParams<'jobs.submit'>;

const SEEDS = 2 ** 32;

const WHY: Record<Mode, (hasTarget: boolean) => string> = {
  ask: () => 'It reads like a question.',
  create: (hasTarget) =>
    hasTarget ? 'It describes a new picture.' : 'It describes a picture, and none is chosen.',
  edit: () => 'It says what to change in the chosen picture.',
};

export const jobHandlers = (parts: Parts) => {
  const { library, queue, engine } = parts;
  return {
    'jobs.detect': ({ message, targetIds }) => {
      const mode = detectIntent(message, targetIds.length > 0);
      return {
        mode,
        why: WHY[mode](targetIds.length > 0),
        unknownWords: mode === 'ask' ? [] : unknownWords(message, engine.summary),
      };
    },
    'jobs.submit': (submission) => takenBefore(parts, submission) ?? submit(parts, submission),
    'jobs.cancel': async ({ jobId }) => {
      await queue.cancel(jobId);
      return {};
    },
    'jobs.cancelAll': async () => {
      await queue.cancelAll();
      return {};
    },
    'jobs.update': ({ jobId, message }) => {
      assertPrompt(message);
      return reword(parts, jobId, message);
    },
    'jobs.reorder': ({ jobIds }) => {
      queue.reorder(jobIds);
      return {};
    },
    'jobs.pause': ({ paused }) => {
      queue.pause(paused);
      return {};
    },
    'jobs.retry': ({ jobId, smaller }) => {
      const stored = library.jobs.get(jobId);
      if (!stored) throw notFound('job');
      if (stored.job.state !== 'done') return queue.again(jobId, smaller);
      return addCopy(parts, stored.job, { seed: randomInt(SEEDS), versionId: null });
    },
    'jobs.finish': ({ versionId }) => {
      const job = library.jobs.ofVersion(versionId)?.job;
      if (!job || library.versions.get(versionId)?.kind !== 'draft') throw notFound('draft');
      return addCopy(parts, job, { versionId });
    },
  } satisfies Partial<Handlers>;
};

interface Taken {
  turn: Turn;
  jobs: Job[];
}

function takenBefore({ library }: Parts, { turnId }: Submission): Taken | undefined {
  const turn = turnId === undefined ? undefined : library.chats.turn(turnId);
  return turn && { turn, jobs: library.jobs.ofTurn(turn.id).map(({ job }) => job) };
}

function submit(parts: Parts, submission: Submission): Taken {
  const { library } = parts;
  const chat = library.chats.get(submission.chatId);
  if (!chat) throw notFound('chat');
  assertPrompt(submission.message);
  if (submission.settings.negative)
    assertPrompt(submission.settings.negative, 'The text of what to leave out');
  for (const id of submission.targetIds) if (!library.versions.get(id)) throw notFound('picture');
  const mode = modeOf(submission);
  const turn = personTurn(submission, mode, library.chats.nextTurnAt(chat.id));
  const jobs = seedsOf(submission, mode).map((seed) => newJob(turn, submission, seed));
  begin(parts, chat, turn, jobs, submission.first);
  return { turn, jobs };
}

/** @throws TuskError `bad-request` if an edit has nothing to change. */
function modeOf({ mode, message, targetIds }: Submission): Mode {
  const chosen = mode === 'auto' ? detectIntent(message, targetIds.length > 0) : mode;
  if (chosen === 'edit' && targetIds.length === 0)
    throw new TuskError('bad-request', 'No picture is chosen to be changed.', {
      hint: 'Click the picture first, or create a new one.',
    });
  return chosen;
}

/** An answer needs no variations. */
function seedsOf({ seed, variations }: Submission, mode: Mode): number[] {
  return Array.from({ length: mode === 'ask' ? 1 : variations }, (_, index) =>
    seed === null ? randomInt(SEEDS) : Math.min(seed + index, Number.MAX_SAFE_INTEGER),
  );
}

const personTurn = (
  { chatId, turnId, message, targetIds }: Submission,
  mode: Mode,
  createdAt: number,
): Turn => ({
  id: turnId ?? newId(),
  chatId,
  role: 'person',
  mode,
  text: message,
  versionIds: mode === 'create' ? [] : targetIds,
  jobId: null,
  replyToId: null,
  createdAt,
});

const newJob = (turn: Turn, { settings }: Submission, seed: number): Job => ({
  id: newId(),
  chatId: turn.chatId,
  turnId: turn.id,
  mode: turn.mode,
  message: turn.text,
  targetIds: turn.versionIds,
  settings,
  seed,
  ...WAITING,
  versionId: null,
  createdAt: turn.createdAt,
});

/** The same request as a job of its own. */
function addCopy({ queue }: Parts, job: Job, change: Partial<Job>): Job {
  const copy: Job = { ...job, ...WAITING, ...change, id: newId(), createdAt: Date.now() };
  queue.add([copy]);
  queue.announce([copy]);
  return copy;
}

/** The person's turn follows, as long as it stands for this job alone. */
function reword({ library, queue, emit }: Parts, jobId: string, message: string): Job {
  if (library.jobs.get(jobId)?.job.mode === 'upscale') throw unavailable('There are no words to change.');
  return library.transaction(() => {
    const job = queue.reword(jobId, message);
    const turn = library.chats.turn(job.turnId);
    if (turn && library.jobs.ofTurn(turn.id).length === 1) {
      const after = { ...turn, text: message };
      library.chats.putTurn(after);
      emit({ event: 'turn', turn: after });
    }
    return job;
  });
}

/** @throws TuskError `bad-prompt`. */
function assertPrompt(text: string, what = 'The message'): void {
  const parsed = promptText.safeParse(text);
  if (parsed.success) return;
  throw new TuskError('bad-prompt', `${what} ${parsed.error.issues[0]!.message}.`, {
    hint: 'Change it and send it again.',
  });
}
