/** Looks for a newer Tusk, once a person turned that on; downloads it only when they say so. */
import { readFileSync } from 'node:fs';
import { Notification } from 'electron';
import { autoUpdater, type UpdateInfo } from 'electron-updater';
import { say, type WordKey } from './words.ts';

export type NoteCall = (call: { address: string; why: string; sizeBytes: number }) => void;

export class Updater {
  /** undefined until the person's settings are known. */
  private isOn: boolean | undefined;

  /**
   * @param feed the file electron-builder writes when the packager names where releases lie.
   * @param noteCall writes a call over the network into the ledger.
   */
  constructor(
    private readonly feed: string,
    private readonly noteCall: NoteCall,
  ) {}

  /** Nothing of the updater is even set up before the first `true`. */
  turn(on: boolean): void {
    const wasOff = this.isOn === false;
    const turnedOn = on && !this.isOn;
    this.isOn = on;
    const address = turnedOn ? addressIn(this.feed) : undefined;
    if (address) this.check(address);
    else if (turnedOn && wasOff) tell('update.nowhere', 'update.packager');
  }

  private check(address: string): void {
    autoUpdater.autoDownload = false;
    autoUpdater.autoInstallOnAppQuit = true;
    autoUpdater.removeAllListeners('update-available');
    autoUpdater.on('update-available', (info) => this.offer(info, address));
    this.noteCall({ address, why: 'Looking for a newer version', sizeBytes: 0 });
    void autoUpdater.checkForUpdates().catch(warn);
  }

  private offer({ version, files }: UpdateInfo, address: string): void {
    if (!this.isOn) return;
    tell('update.there', 'update.install', { version }).on('click', () => {
      const sizeBytes = files[0]?.size ?? 0;
      this.noteCall({ address, why: `Downloading version ${version}`, sizeBytes });
      void autoUpdater.downloadUpdate().catch(warn);
    });
  }
}

/** The address in lines of `key: value`; a GitHub repository is named by owner and name. */
function addressIn(feed: string): string | undefined {
  const text = readIfThere(feed);
  const value = (key: string): string | undefined => new RegExp(`^${key}: (\\S+)$`, 'm').exec(text)?.[1];
  const [url, owner, repo] = [value('url'), value('owner'), value('repo')];
  return url ?? (owner && repo && `https://github.com/${owner}/${repo}/releases`);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function tell(title: WordKey, body: WordKey, values = {}): Notification {
  const notification = new Notification({ title: say(title, values), body: say(body) });
  notification.show();
  return notification;
}

const warn = (thrown: unknown): void => console.warn('The update did not work:', thrown);
