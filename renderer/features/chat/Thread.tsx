import { memo, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Suggestions } from '../../components/Suggestions.tsx';
import { useExamples } from '../../engine/examples.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { type Exchange, sameExchange, useConversation } from './conversation.ts';
import { Question } from './Question.tsx';
import { Reply } from './Reply.tsx';
import { useEnd } from './useEnd.ts';
import { useNewest } from './useNewest.ts';

const EXAMPLES_SHOWN = 3;

export const Thread = ({ chatId }: { chatId: string | null }) => <Messages key={chatId} chatId={chatId} />;

function Messages({ chatId }: { chatId: string | null }) {
  const { t } = useTranslation();
  const exchanges = useConversation(chatId);
  const list = useRef<HTMLOListElement>(null);
  const count = exchanges.length;
  const shownId = useWorkspace((state) => state.versionId);
  const { newest, earlier } = useNewest(exchanges, shownId, list);
  useEnd(list, count);
  useEffect(() => {
    if (shownId)
      list.current?.querySelector(`[data-version="${shownId}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [shownId]);
  if (count === 0) return <EmptyThread />;
  return (
    <ol className="thread" ref={list} aria-label={t('thread.messages')}>
      {earlier && <li ref={earlier} />}
      {newest.map((exchange) => (
        <Row key={exchange.question.id} exchange={exchange} />
      ))}
    </ol>
  );
}

const Row = memo(
  ({ exchange }: { exchange: Exchange }) => (
    <li className="exchange" id={`turn-${exchange.question.id}`}>
      <Question turn={exchange.question} />
      <Reply {...exchange} />
    </li>
  ),
  (before, after) => sameExchange(before.exchange, after.exchange),
);

function EmptyThread() {
  const { t } = useTranslation();
  const examples = useExamples().create;
  const languages = useStudio((state) => state.languages);
  return (
    <div className="thread thread-empty">
      <EmptyState title={t('empty.title')} text={t('empty.text')}>
        <Suggestions
          prompts={examples.slice(0, EXAMPLES_SHOWN)}
          languages={languages}
          onChoose={(message) => useWorkspace.setState({ message })}
        />
      </EmptyState>
    </div>
  );
}
