/** What the window's page gets as `window.tusk`. Types only; `preload.ts` implements it, `ipc.ts` answers. */

export interface PickedFile {
  name: string;
  bytes: Uint8Array;
}

/** What a menu entry asks the page to do. */
export type Command =
  | 'new-chat'
  | 'import-pictures'
  | 'open-project'
  | 'library'
  | 'settings'
  | 'palette'
  | 'shortcuts';

/** Answered by the main process. */
export interface BridgeCalls {
  /** Asks to be introduced to the studio; see `PORT_MESSAGE`. */
  connect(): Promise<void>;
  /** A dialog; empty if the person closed it. */
  openFiles(kind: 'pictures' | 'project'): Promise<PickedFile[]>;
  /** A dialog. @returns false if the person closed it. */
  saveFile(file: PickedFile): Promise<boolean>;
  /** A dialog for a model's folder; null if the person closed it. */
  chooseFolder(): Promise<string | null>;
  /** Opens a page in the person's browser; https only. @returns false if it was refused. */
  openExternal(address: string): Promise<boolean>;
  copyText(text: string): Promise<void>;
  /** Goes on with a drag that began on a picture outside the window, as a PNG file. */
  dragOut(versionId: string): Promise<void>;
}

export interface Bridge extends BridgeCalls {
  onCommand(listener: (command: Command) => void): void;
  /** A `.tusk` file that was opened from outside. */
  onProject(listener: (file: PickedFile) => void): void;
}

/**
 * Message of the window to itself that brings a port to the studio: after `connect`, and again whenever the studio was
 * restarted. `LostMessage` says at once that the studio is gone.
 */
export type PortMessage = 'tusk:port';
export type LostMessage = 'tusk:lost';
