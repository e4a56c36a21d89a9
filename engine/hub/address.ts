/** Which addresses a download may go to: the endpoint the person named, and public ones it redirects to. */
import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { TuskError } from '../errors.ts';

export const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** Loopback, private, link-local and unspecified addresses. */
const NOT_PUBLIC = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  NOT_PUBLIC.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  NOT_PUBLIC.addSubnet(network, bits, 'ipv6');

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

export function isPublic(address: string): boolean {
  const plain = MAPPED.exec(address)?.[1] ?? address;
  return !NOT_PUBLIC.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** @throws TuskError `bad-setting` for anything but an http or https address. */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new TuskError('bad-setting', `"${text}" is no web address.`, {
    hint: `An endpoint looks like ${DEFAULT_ENDPOINT}.`,
  });
}

const REPOSITORY = /^[\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95}$/;

/** @throws TuskError `bad-setting` unless it is owner/name. */
export function assertRepository(repository: string): void {
  if (REPOSITORY.test(repository) && !repository.includes('..')) return;
  throw new TuskError('bad-setting', `"${repository}" is no repository.`, {
    hint: 'A repository is named owner/name.',
  });
}

/** @throws TuskError `download-failed` if a redirect leads from https to http, or to an address written as a private one. */
export function assertRedirect(from: URL, to: URL, endpoint: URL): void {
  if (to.origin === endpoint.origin) return;
  if (from.protocol === 'https:' && to.protocol !== 'https:') throw forbidden(to, 'without encryption');
  const host = to.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || (isIP(host) !== 0 && !isPublic(host)))
    throw forbidden(to, 'inside your network');
}

const forbidden = (to: URL, what: string) =>
  new TuskError('download-failed', `The server sends the download on to ${to.host}, ${what}: refused.`, {
    hint: 'Try another network or endpoint.',
  });

/** A lookup for connections that never gives a private address for a name other than the endpoint's. */
export function guardedLookup(endpoint: URL): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }).then(
      (found) => {
        const allowed =
          hostname === endpoint.hostname ? found : found.filter(({ address }) => isPublic(address));
        const [first] = allowed;
        if (!first) callback(new Error(`${hostname} leads inside your network`), '');
        else if (options.all) callback(null, allowed as LookupAddress[]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
