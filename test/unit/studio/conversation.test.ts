/** What a question is sent with. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '../../../engine/library/ids.ts';
import { Library } from '../../../engine/library/library.ts';
import { messagesOf } from '../../../engine/studio/conversation.ts';
import { WAITING } from '../../../engine/studio/queue.ts';
import type { Job, Turn } from '../../../engine/studio-protocol.ts';
import { addPicture, libraryFolder } from '../../helpers/library.ts';
import { openStudio, send } from '../../helpers/studio.ts';

let library: Library;
before(async () => {
  library = await Library.open(await libraryFolder());
});
after(() => library.close());

const chatId = newId();

function turn(change: Partial<Turn>): Turn {
  const made: Turn = {
    ...{ id: newId(), chatId, role: 'person', mode: 'ask', text: '', versionIds: [] },
    ...{ jobId: null, replyToId: null, createdAt: Date.now(), ...change },
  };
  library.chats.putTurn(made);
  return made;
}

/** A question with its answer, or without one. */
function asked(text: string, versionIds: string[], answer: string | undefined, mode: Turn['mode'] = 'ask') {
  const { id } = turn({ text, versionIds, mode });
  if (answer !== undefined) turn({ role: 'tusk', text: answer, replyToId: id, mode });
}

function job(message: string, targetIds: string[]): Job {
  const { id: turnId } = turn({ text: message, versionIds: targetIds });
  return {
    ...{ ...WAITING, id: newId(), chatId, turnId, mode: 'ask', message, targetIds, settings: {}, seed: 1 },
    ...{ versionId: null, createdAt: Date.now() },
  };
}

/** "2 pictures: text" of each message. */
const shown = async (question: Job, exchanges: number, acrossPictures = true) =>
  (await messagesOf(library, question, { exchanges, acrossPictures })).map(({ role, content }) => {
    const pictures = content.filter(({ type }) => type === 'picture').length;
    return `${role} ${pictures}: ${content.map((part) => (part.type === 'text' ? part.text : '')).join('')}`;
  });

test('earlier questions and answers go along, a picture once, what was drawn or never answered not', async () => {
  const [first, second, lost] = [
    await addPicture(library),
    await addPicture(library),
    await addPicture(library),
  ];
  asked('what is it?', [first.id], 'An apple.');
  asked('draw a boat', [], '', 'create');
  asked('which colour?', [first.id], 'Red.');
  asked('and this?', [second.id], undefined);
  asked('what is that?', [lost.id], 'A boat.');
  await library.pictures.remove(lost.id);
  const question = job('is it the same?', [second.id]);
  asked('a later one?', [second.id], 'Yes.');
  assert.deepEqual(await shown(question, 400), [
    'user 1: what is it?',
    'assistant 0: An apple.',
    'user 0: which colour?',
    'assistant 0: Red.',
    'user 1: is it the same?',
  ]);
  assert.deepEqual(await shown(question, 0), ['user 1: is it the same?']);
});

test('a model of one picture gets the last exchanges about that picture, back to one about another', async () => {
  const [first, second] = [await addPicture(library), await addPicture(library)];
  asked('how many?', [first.id], 'two');
  asked('what is it?', [second.id], 'a cat');
  asked('where is the dog?', [first.id], 'on the left');
  asked('and the cat?', [first.id], 'on the right');
  asked('is it red?', [first.id], 'no');
  const question = job('what else?', [first.id]);
  assert.deepEqual(await shown(question, 4, false), [
    'user 1: where is the dog?',
    'assistant 0: on the left',
    'user 0: and the cat?',
    'assistant 0: on the right',
    'user 0: is it red?',
    'assistant 0: no',
    'user 0: what else?',
  ]);
  assert.deepEqual(await shown(question, 1, false), [
    'user 1: is it red?',
    'assistant 0: no',
    'user 0: what else?',
  ]);
});

test('a second question of a chat is answered by a model that holds conversations', async () => {
  const { studio, jobIn } = await openStudio();
  const { turn: asked, jobs } = await send(studio, 'what is it?', { mode: 'ask' });
  assert.equal((await jobIn(jobs[0]!.id, 'done', 'failed')).failure, null);
  const again = await send(studio, 'are you sure?', { mode: 'ask', chatId: asked.chatId });
  assert.equal((await jobIn(again.jobs[0]!.id, 'done', 'failed')).failure, null);
  const { models } = await studio.call('models.list', {});
  assert.equal(models[0]?.holdsConversation, 'whole');
  await studio.close();
});
