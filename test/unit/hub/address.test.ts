/** Which addresses count as public: nothing inside a network, whichever way it is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublic, mayHaveToken } from '../../../engine/hub/address.ts';

const INSIDE = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1', 'fec0::1'],
  'link-local': ['169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
  'shared, reserved or for documents': ['100.64.0.1', '192.0.0.1', '192.0.2.1', '198.18.0.1', '203.0.113.9'],
  'multicast and above': ['224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', 'ff02::1'],
  unspecified: ['0.0.0.0', '::'],
  mapped: ['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:FFFF:10.1.2.3', '::127.0.0.1'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::808:808'],
  '6to4 and Teredo': ['2002:7f00:1::', '2002:c0a8:101::1', '2001:0:808:808::1'],
  'no address': ['', 'localhost', '1.2.3', '999.1.1.1'],
};

for (const [kind, addresses] of Object.entries(INSIDE))
  test(`${kind} is not public`, () => {
    assert.deepEqual(addresses.filter(isPublic), []);
  });

test('public servers are, over NAT64 and 6to4 too', () => {
  const outside = ['8.8.8.8', '172.15.0.1', '172.32.0.1', '223.255.255.1', '2606:4700::1111', '2a00:1450::1'];
  const embedded = ['::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'];
  const all = [...outside, ...embedded];
  assert.deepEqual(all.filter(isPublic), all);
});

test('the token goes to its hub alone, encrypted', () => {
  assert.equal(mayHaveToken(new URL('https://huggingface.co/api/models/a/b')), true);
  for (const address of [
    'http://huggingface.co/api',
    'https://huggingface.co:8443/api',
    'https://huggingface.co.evil.example/',
    'https://cdn.huggingface.co/x',
    'https://mirror.example/',
  ])
    assert.equal(mayHaveToken(new URL(address)), false, address);
});
