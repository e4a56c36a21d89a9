/** Which addresses a download may go to: the endpoint the person named, and public ones it redirects to. */
import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { TuskError } from '../errors.ts';

export const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** Everything a public server can't have: loopback, private, link-local, shared, reserved and multicast addresses. */
const NOT_PUBLIC = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  NOT_PUBLIC.ipv4.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 8],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const)
  NOT_PUBLIC.ipv6.addSubnet(network, bits, 'ipv6');

/** IPv6 addresses that stand for an IPv4 one: how they begin, and the 16-bit groups that hold it. */
const EMBEDDING: readonly (readonly [start: RegExp, group: number])[] = [
  [/^0:0:0:0:0:ffff:/, 6], // mapped
  [/^64:ff9b:0:0:0:0:/, 6], // NAT64
  [/^2002:/, 1], // 6to4
];

export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !NOT_PUBLIC.ipv4.check(address, 'ipv4');
  const groups = groupsOf(address);
  if (!groups) return false;
  const text = groups.map((group) => group.toString(16)).join(':');
  const at = EMBEDDING.find(([start]) => start.test(text))?.[1];
  if (at === undefined) return !NOT_PUBLIC.ipv6.check(text, 'ipv6');
  const [high, low] = groups.slice(at, at + 2) as [number, number];
  return isPublic([high >> 8, high & 255, low >> 8, low & 255].join('.'));
}

/** The eight groups of an IPv6 address; undefined for anything else, one with a zone too. */
function groupsOf(address: string): number[] | undefined {
  if (isIP(address) !== 6 || !URL.canParse(`http://[${address}]`)) return undefined;
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string) => text.split(':').flatMap((group) => (group ? [parseInt(group, 16)] : []));
  const [left, right] = [numbers(before), numbers(after ?? '')];
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** The token of a person's account goes to the hub it is of, and only encrypted. */
export const mayHaveToken = ({ origin }: URL): boolean => origin === DEFAULT_ENDPOINT;

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
