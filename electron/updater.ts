/** Looks for a newer Tusk, once a person turned that on; downloads it only when they say so. */
import { Notification } from 'electron';
import { autoUpdater, type UpdateInfo } from 'electron-updater';

/** Nothing is published yet: `.invalid` never resolves. The same address stands in electron-builder.yml. */
export const UPDATE_ADDRESS = 'https://releases.tusk.invalid';

export type NoteCall = (call: { address: string; why: string; sizeBytes: number }) => void;

export class Updater {
  private isOn = false;

  /** @param noteCall writes a call over the network into the ledger. */
  constructor(private readonly noteCall: NoteCall) {}

  /** Nothing of the updater is even set up before the first `true`. */
  turn(on: boolean): void {
    if (on && !this.isOn) this.check();
    this.isOn = on;
  }

  private check(): void {
    autoUpdater.autoDownload = false;
    autoUpdater.autoInstallOnAppQuit = true;
    autoUpdater.setFeedURL({ provider: 'generic', url: UPDATE_ADDRESS });
    autoUpdater.removeAllListeners('update-available');
    autoUpdater.on('update-available', (info) => this.offer(info));
    this.noteCall({ address: UPDATE_ADDRESS, why: 'Looking for a newer version', sizeBytes: 0 });
    void autoUpdater.checkForUpdates().catch(warn);
  }

  private offer({ version, files }: UpdateInfo): void {
    if (!this.isOn) return;
    const notification = new Notification({
      title: `Tusk ${version} is there`,
      body: 'Click to download it. It is installed when you quit.',
    });
    notification.on('click', () => {
      const sizeBytes = files[0]?.size ?? 0;
      this.noteCall({ address: UPDATE_ADDRESS, why: `Downloading version ${version}`, sizeBytes });
      void autoUpdater.downloadUpdate().catch(warn);
    });
    notification.show();
  }
}

const warn = (thrown: unknown): void => console.warn('The update did not work:', thrown);
