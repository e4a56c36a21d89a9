/** The only way out to the person's browser. */
import { shell } from 'electron';

/** @returns false, and opens nothing, for anything but a plain https address. */
export async function openExternal(address: string): Promise<boolean> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
  await shell.openExternal(url.href);
  return true;
}
