/** `tusk download` through the proxy of the environment, to names that only the proxy knows. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { HubServer, REPOSITORY } from '../../helpers/hub-server.ts';
import { tusk } from '../../helpers/tusk.ts';

const NAMES = ['hub.invalid', 'huggingface.co'];
const TOKEN = 'hf_secret';

let parent: string;
let hub: HubServer | undefined;
let proxy: Server;
/** Where the proxy was asked to connect to. */
const tunnels = new Set<string>();

before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tusk-proxy-'));
  const tls = await certificate();
  if (!tls) return;
  const files: Record<string, Buffer> = {};
  for (const name of await readdir(INTACT)) files[name] = await readFile(join(INTACT, name));
  hub = await HubServer.start(files, tls);
  proxy = await startProxy(hub.port);
  Object.assign(process.env, {
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    NODE_EXTRA_CA_CERTS: join(parent, 'cert.pem'),
    HF_TOKEN: TOKEN,
  });
});
after(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await hub?.stop();
  await rm(parent, { recursive: true });
});

/** Of the names, signed by itself; undefined where there is no openssl. */
async function certificate(): Promise<{ key: Buffer; cert: Buffer } | undefined> {
  const [key, cert] = [join(parent, 'key.pem'), join(parent, 'cert.pem')];
  const names = NAMES.map((name) => `DNS:${name}`).join();
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=hub.invalid', '-days', '2'];
  try {
    await promisify(execFile)('openssl', [
      ...words,
      ...['-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
    ]);
  } catch {
    return undefined;
  }
  return { key: await readFile(key), cert: await readFile(cert) };
}

/** Every tunnel leads to the hub. */
async function startProxy(port: number): Promise<Server> {
  const server = createServer((_, response) => void response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    tunnels.add(request.url!);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => [onward, socket].map((s) => s.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

for (const name of NAMES)
  test(`${name} is reached through HTTPS_PROXY; the token goes to huggingface.co alone`, async (t) => {
    if (!hub) return t.skip('openssl makes the certificate, and is not there');
    tunnels.clear();
    hub.authorizations.clear();
    const to = join(parent, name);
    const words = ['download', REPOSITORY, '--endpoint', `https://${name}`, '--to', to];
    const { code, stderr } = await tusk(words, parent);
    assert.equal(code, 0, stderr);
    assert.deepEqual([...tunnels], [`${name}:443`]);
    assert.deepEqual([...hub.authorizations], name === 'huggingface.co' ? [`Bearer ${TOKEN}`] : []);
    assert.deepEqual(await readFile(join(to, 'config.json')), await readFile(join(INTACT, 'config.json')));
  });
