import { GitBranch, MessageCircleQuestion, Pencil } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { pictureUrl } from '../../components/pictures.ts';
import { useFittingExamples } from '../../engine/examples.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

interface Props {
  versionId: string;
  onLeave: () => void;
}

/** The picture, and what can be said next: words of the model's own examples. */
export function Finished({ versionId, onLeave }: Props) {
  const { t } = useTranslation('tour');
  const prompt = useStudio((state) => state.versions[versionId]?.prompt ?? '');
  const fitting = useFittingExamples(prompt);
  const [edit, question] = [fitting.edit[0], fitting.ask[0]];
  const write = (message: string) => {
    useWorkspace.setState({ message });
    onLeave();
  };
  return (
    <>
      <h2>{t('finished')}</h2>
      <div className="tour-picture">
        <img src={pictureUrl(versionId)} alt={prompt} />
      </div>
      <ul className="tour-next">
        <li>
          <Pencil size={16} aria-hidden="true" />
          <span>{t('editHint')}</span>
          {edit && (
            <Button small onClick={() => write(edit)}>
              {edit}
            </Button>
          )}
        </li>
        <li>
          <MessageCircleQuestion size={16} aria-hidden="true" />
          <span>{t('askHint')}</span>
          {question && (
            <Button small onClick={() => write(question)}>
              {question}
            </Button>
          )}
        </li>
        <li>
          <GitBranch size={16} aria-hidden="true" />
          <span>{t('versionsHint')}</span>
        </li>
      </ul>
      <div className="tour-buttons">
        <Button look="main" onClick={onLeave}>
          {t('done')}
        </Button>
      </div>
    </>
  );
}
