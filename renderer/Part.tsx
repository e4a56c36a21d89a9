/** Parts of the window fail one by one: in the place of a broken one stands what happened, the rest goes on. */
import { RefreshCw, RotateCw } from 'lucide-react';
import { type ComponentType, type ReactNode, Suspense, use } from 'react';
import { ErrorBoundary, type FallbackProps } from 'react-error-boundary';
import { useTranslation } from 'react-i18next';
import { Button } from './components/Button.tsx';
import { Dialog } from './components/Dialog.tsx';
import { FailureCard } from './components/FailureCard.tsx';
import { reportOf } from './components/useFailureWords.ts';
import { copyText } from './engine/shell.ts';
import { useWorkspace } from './stores/workspace.ts';
import './Part.css';

interface Props {
  /** It is tried again when one of these changes. */
  resetKeys?: unknown[];
  onReset?: () => void;
  /** What stands in its place when it is broken. */
  broken?: (props: FallbackProps) => ReactNode;
  children: ReactNode;
}

export function Part({ broken = (props) => <BrokenPart {...props} />, ...rest }: Props) {
  return <ErrorBoundary fallbackRender={broken} {...rest} />;
}

export type Load = () => Promise<ComponentType>;

interface LazyProps extends Pick<Props, 'broken'> {
  load: Load;
  /** Shown while it is on its way. */
  meanwhile?: ReactNode;
}

/** A part that is asked for when it is first shown, and again when a person tries again. */
export function LazyPart({ load, meanwhile, ...rest }: LazyProps) {
  return (
    <Part onReset={() => loaded.delete(load)} {...rest}>
      <Suspense fallback={meanwhile}>
        <Loaded load={load} />
      </Suspense>
    </Part>
  );
}

const loaded = new Map<Load, Promise<ComponentType>>();

function Loaded({ load }: { load: Load }) {
  if (!loaded.has(load)) loaded.set(load, load().catch(missing));
  const Component = use(loaded.get(load)!);
  return <Component />;
}

class MissingPart extends Error {}

function missing(cause: unknown): never {
  throw new MissingPart(messageOf(cause), { cause });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function BrokenPart({ error, resetErrorBoundary }: FallbackProps) {
  const { t } = useTranslation('failures');
  const code = error instanceof MissingPart ? 'view-missing' : 'view-broken';
  const failure = { code, message: messageOf(error), hint: null };
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return (
    <div className="broken-part">
      <FailureCard
        failure={failure}
        report={reportOf(failure, stack)}
        onCopy={(report) => void copyText(report, t('word.copied'))}
      >
        <Button small onClick={resetErrorBoundary}>
          <RotateCw size={13} /> {t('word.again')}
        </Button>
        <Button look="quiet" small onClick={() => window.location.reload()}>
          <RefreshCw size={13} /> {t('word.reload')}
        </Button>
      </FailureCard>
    </div>
  );
}

export function BrokenDialog(props: FallbackProps) {
  const { t } = useTranslation('failures');
  return (
    <Dialog label={t('view-missing.what')} onClose={() => useWorkspace.setState({ dialog: null })}>
      <BrokenPart {...props} />
    </Dialog>
  );
}
