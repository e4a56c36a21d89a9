/**
 * The one door between a page and the main process, and the only file that imports ipcMain. Only our own page in a
 * window's main frame is let in, and only with arguments that fit; everyone else is told why not.
 */
import { type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import { z } from 'zod';
import type { BridgeCalls } from './bridge.ts';
import { isPage } from './scheme.ts';

const LONGEST_ADDRESS = 2_048;
const LONGEST_NAME = 255;
const LONGEST_TEXT = 1_000_000;
const LARGEST_FILE_BYTES = 2 ** 30;

const file = z.strictObject({
  name: z.string().min(1).max(LONGEST_NAME),
  bytes: z
    .instanceof(Uint8Array)
    .refine((bytes) => bytes.length <= LARGEST_FILE_BYTES, 'The file is too large.'),
});

const ARGUMENTS = {
  connect: z.tuple([]),
  openFiles: z.tuple([z.enum(['pictures', 'project'])]),
  saveFile: z.tuple([file]),
  chooseFolder: z.tuple([]),
  openExternal: z.tuple([z.string().max(LONGEST_ADDRESS)]),
  copyText: z.tuple([z.string().max(LONGEST_TEXT)]),
  dragOut: z.tuple([z.string().regex(/^[a-z0-9]{8,40}$/)]),
} as const satisfies { [C in keyof BridgeCalls]: z.ZodType<Parameters<BridgeCalls[C]>> };

/** Each call of the bridge, with the page that makes it first. */
export type BridgeHandlers = {
  [C in keyof BridgeCalls]: (
    page: WebContents,
    ...args: Parameters<BridgeCalls[C]>
  ) => ReturnType<BridgeCalls[C]>;
};

export function serveBridge(handlers: BridgeHandlers): void {
  for (const call of Object.keys(ARGUMENTS) as (keyof BridgeCalls)[])
    ipcMain.handle(call, (event, ...args: unknown[]) => {
      assertOurPage(event);
      const parsed = ARGUMENTS[call].safeParse(args);
      if (!parsed.success) throw new Error(`${call}: ${z.prettifyError(parsed.error).slice(0, 400)}`);
      return (handlers[call] as (page: WebContents, ...args: unknown[]) => unknown)(
        event.sender,
        ...parsed.data,
      );
    });
}

/** @throws Error saying why this frame is not let in. */
function assertOurPage({ senderFrame, sender }: IpcMainInvokeEvent): void {
  if (senderFrame === null) throw new Error('Refused: the frame that asked is gone.');
  if (senderFrame !== sender.mainFrame) throw new Error('Refused: only the main frame may ask.');
  if (!isPage(senderFrame.url)) throw new Error('Refused: only the page of Tusk may ask.');
}
