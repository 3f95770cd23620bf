import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { privateBus } from '../interop/private-bus';
import { managers } from './managers';
import { type Project, ROOT } from './project';
import { run } from './run';
import { runtimes } from './runtimes';

const NODES = ['node-20', 'node-22', 'node-24', 'node-26'];
const NPMS = ['npm-10', 'npm-11', 'npm-12'];
const COUNT = 200;

/** Each npm with each Node that it says it runs on. */
export const besideNames = NPMS.flatMap((npm) => NODES.map((node) => `${npm}-${node}`)).filter(
  (name) => name !== 'npm-12-node-20',
);

/** Calls itself over the bus, all at once, and prints how many descriptors were not those that were sent. */
const PROGRAM = `
const dbus = require('dbus-next');
const { fds } = require('ancillary');
const fs = require('node:fs');
const open = () => dbus.sessionBus({ busAddress: process.argv[2], negotiateUnixFd: true });
class Echo extends dbus.interface.Interface {
  Echo(fd) {
    setImmediate(() => fs.closeSync(fd));
    return fd;
  }
}
Echo.configureMembers({ methods: { Echo: { inSignature: 'h', outSignature: 'h' } } });
(async () => {
  const [service, client] = [open(), open()];
  await new Promise((resolve) => client.once('connect', resolve)); // Until then it sends nothing, and would keep numbers.
  await service.requestName('com.example.Echo');
  service.export('/', new Echo('com.example.Echo'));
  let right = 0;
  await Promise.all(Array.from({ length: ${COUNT} }, async (_, index) => {
    const memory = fds.memfd('file ' + index);
    const { ino } = fs.fstatSync(memory.fd);
    const call = { destination: 'com.example.Echo', path: '/', interface: 'com.example.Echo', member: 'Echo', signature: 'h' };
    const answered = client.call(new dbus.Message({ ...call, body: [memory.fd] }));
    memory.close();
    const [fd] = (await answered).body;
    if (fs.fstatSync(fd).ino === ino) right++;
    fs.closeSync(fd);
  }));
  console.log(right);
  service.disconnect();
  client.disconnect();
})();
`;

/**
 * Installs the package beside dbus-next by one command, as any user would, without and with the documented line; nothing but node
 * and sh is on PATH. With the line descriptors go through.
 */
export async function beside(name: string, { directory, tarball }: Project): Promise<string> {
  const [, npm = '', nodeName = ''] = /^(npm-\d+)-(node-\d+)$/.exec(name) ?? [];
  const node = runtimes[nodeName]?.().command[0] ?? '';
  const home = path.join(directory, `dbus-next-${name}`);
  const bin = path.join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(node, path.join(bin, 'node'));
  symlinkSync('/bin/sh', path.join(bin, 'sh'));
  const usocket = execFileSync(process.execPath, [path.join(ROOT, 'scripts/pack-usocket.mjs'), home], {
    encoding: 'utf8',
  });
  const install = async (folder: string, overrides: object): Promise<string> => {
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, overrides }));
    const command = [node, ...(managers[npm]?.() ?? []), tarball, 'dbus-next@0.10.2'];
    await run(command, { cwd: folder, env: { PATH: bin }, timeout: 300_000 });
    return path.join(folder, 'node_modules');
  };
  const without = await install(path.join(home, 'without'), {});
  if (!existsSync(path.join(without, 'dbus-next'))) throw new Error('dbus-next is not there');

  const folder = path.join(home, 'with');
  const modules = await install(folder, { usocket: `file:${usocket.trim()}` });
  const installed = JSON.parse(readFileSync(path.join(modules, 'usocket/package.json'), 'utf8')) as { name: string };
  if (installed.name !== 'ancillary-usocket') throw new Error(`usocket is ${installed.name}`);
  for (const other of ['node-gyp', 'usocket/node_modules', 'ancillary-usocket'])
    if (existsSync(path.join(modules, other))) throw new Error(`there is ${other} too`);
  writeFileSync(path.join(folder, 'program.js'), PROGRAM);
  await using bus = await privateBus(home);
  const { stdout } = await run([node, 'program.js', bus.address], { cwd: folder });
  if (stdout.trim() !== String(COUNT)) throw new Error(`of ${COUNT} descriptors these were right: ${stdout}`);
  return `nothing compiled; ${COUNT} descriptors each way through dbus-next, 0 wrong`;
}
