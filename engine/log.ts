/** One line a message on stderr, so that stdout stays free for results. `TUSK_LOG=debug` shows all. */

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

const threshold = LEVELS.indexOf((process.env.TUSK_LOG as Level | undefined) ?? 'warn');

function write(level: Level, message: string): void {
  if (LEVELS.indexOf(level) < threshold) return;
  process.stderr.write(`[${level}] ${message}\n`);
}

export const log = {
  debug: (message: string) => write('debug', message),
  info: (message: string) => write('info', message),
  warn: (message: string) => write('warn', message),
  error: (message: string) => write('error', message),
};
