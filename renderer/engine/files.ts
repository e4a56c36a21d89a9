const KEPT_MS = 10_000;

/** Hands bytes to the person: a dialog of the shell, or a download. */
export function saveFile(name: string, bytes: Uint8Array): void {
  if (window.tusk) {
    void window.tusk.saveFile({ name, bytes });
    return;
  }
  const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
