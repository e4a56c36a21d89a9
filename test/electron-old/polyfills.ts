/** Built-ins the page uses that Chromium 83 lacks. */

function at<T>(this: ArrayLike<T>, index: number): T | undefined {
  return this[index < 0 ? this.length + index : index];
}

function findLast<T>(this: T[], fits: (item: T) => boolean): T | undefined {
  return [...this].reverse().find(fits);
}

const hasOwn = (object: object, key: PropertyKey): boolean => Object.hasOwn(object, key);

for (const { prototype } of [Array, String, Uint8Array])
  Object.defineProperty(prototype, 'at', { value: at, writable: true, configurable: true });
Object.defineProperty(Array.prototype, 'findLast', { value: findLast, writable: true, configurable: true });
Object.defineProperty(Object, 'hasOwn', { value: hasOwn, writable: true, configurable: true });
