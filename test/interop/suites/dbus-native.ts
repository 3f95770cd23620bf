import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../runtimes/run';
import { runtimes } from '../../runtimes/runtimes';
import { built } from '../../support/built';
import { privateBus } from '../private-bus';

const ANCILLARY = JSON.stringify(built());
const STREAM = JSON.stringify(path.join(built(), 'dbus-native'));

/**
 * In place of its `test/utils/fd-transport.js`, which passes numbers between two streams in memory: here each number stands for a
 * file, whose descriptor goes through a socket and is known again by its inode.
 */
const TRANSPORT = `
const fs = require('node:fs');
const { fds, socketpair } = require(${ANCILLARY});
const { createStream } = require(${STREAM});
const { PlainChannel, plainChannelPair } = require('./plain-transport');
const files = new Map();
function fileOf(number) {
  if (!files.has(number)) files.set(number, fds.memfd('descriptor ' + number));
  return files.get(number);
}
function numberOf(fd) {
  const { ino } = fs.fstatSync(fd);
  fs.closeSync(fd);
  for (const [number, file] of files) if (fs.fstatSync(file.fd).ino === ino) return number;
  return NaN;
}
function channel(socket) {
  const stream = createStream(socket);
  const { writeWithFds, emit } = stream;
  stream.sentWithFds = [];
  stream.writeWithFds = function (bytes, numbers) {
    this.sentWithFds.push({ bytes, fds: [...numbers] });
    return writeWithFds.call(this, bytes, numbers.map(fileOf));
  };
  stream.emit = function (event, ...args) {
    return event === 'fds' ? emit.call(this, 'fds', args[0].map(numberOf)) : emit.call(this, event, ...args);
  };
  return stream;
}
module.exports = {
  FdChannel: Object,
  fdChannelPair: () => socketpair().map(channel),
  PlainChannel,
  plainChannelPair,
};
`;

/** Loaded into every process of its integration tests: a connection to a Unix socket is one of ours. */
const PRELOAD = (clone: string): string => `
const address = require(${JSON.stringify(path.join(clone, 'lib/address.js'))});
const { createStream } = require(${STREAM});
const { createConnection } = require(${ANCILLARY});
const { connectToAddress } = address;
address.connectToAddress = (given, ...rest) =>
  /^unix:(path|abstract)=/.test(given) ? createStream(given) : connectToAddress(given, ...rest);
address.unixConnection = ({ path }) => createStream(createConnection(path));
`;

/** Its tests of descriptors, over sockets; then those on a bus, whose connections all are ours. */
export async function dbusNativeSuite(clone: string, directory: string): Promise<string> {
  const cwd = clone;
  // It runs on Node 22 and later.
  const node = runtimes['node-22']?.().command[0] ?? process.execPath;
  await run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--force'], { cwd, timeout: 300_000 });
  const utils = path.join(clone, 'test/utils');
  await run(['git', 'mv', 'test/utils/fd-transport.js', 'test/utils/plain-transport.js'], { cwd });
  writeFileSync(path.join(utils, 'fd-transport.js'), TRANSPORT);
  const test = [node, '--test', '--test-reporter=tap'];
  // It leaves its streams open, which in memory keep nothing going.
  const descriptors = await run([...test, '--test-force-exit', 'test/unix-fd.js'], { cwd });

  const preload = path.join(directory, 'preload.js');
  writeFileSync(preload, PRELOAD(clone));
  await using bus = await privateBus(directory);
  const env = { DBUS_SESSION_BUS_ADDRESS: bus.address, NODE_OPTIONS: `--require=${preload}` };
  const folder = 'test/integration';
  const files = readdirSync(path.join(clone, folder)).map((file) => path.join(folder, file));
  const integration = await run([...test, ...files], { cwd, env, timeout: 600_000 });
  return `${passed(descriptors.stdout)} on real descriptors, ${passed(integration.stdout)} on a bus`;
}

function passed(tap: string): string {
  const of = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(tap)?.[1]);
  return `${of('pass')} of ${of('tests')} passed, ${of('skipped')} skipped`;
}
