/** Answers the tests inside Electron's main process: a function's source comes in, its result goes back. */
import * as electron from 'electron';

export interface Question {
  id: number;
  source: string;
  argument: unknown;
}

export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

process.on('message', ({ id, source, argument }: Question) => {
  const answer = (rest: Omit<Answer, 'id'>) => process.send!({ id, ...rest } satisfies Answer);
  const run = new Function('electron', 'argument', `return (${source})(electron, argument)`);
  Promise.resolve()
    .then(() => run(electron, argument))
    .then((result) => answer({ result }))
    .catch((thrown: unknown) => answer({ error: String(thrown) }));
});

const pageErrors: string[] = [];
Object.assign(globalThis, { pageErrors });

electron.app.on('web-contents-created', (_, contents) =>
  contents.on('console-message', (_event, _level, message) => {
    if (/^(Uncaught|\w*Error:)/.test(message)) pageErrors.push(message);
  }),
);
