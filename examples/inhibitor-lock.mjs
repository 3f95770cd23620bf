// Keeps the machine from going to sleep: takes an inhibitor lock from logind, which is a descriptor, and holds it.
// Run: node examples/inhibitor-lock.mjs [path of the bus's socket] (Ctrl+C lets go; `systemd-inhibit --list` shows it)

import { connect, fds, OwnedFd } from 'ancillary';
import { dbusMessages } from 'ancillary/codec';
import { dbusHandshake } from 'ancillary/dbus';
import { framed } from 'ancillary/rpc';

const socket = await connect(process.argv[2] ?? '/run/dbus/system_bus_socket');
await dbusHandshake(socket);
const bus = framed(socket, dbusMessages());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => bus.close());
let serial = 0;

/**
 * @param {string} destination
 * @param {string} path
 * @param {string} name of the interface
 * @param {string} member
 * @param {readonly string[]} texts its arguments
 */
async function call(destination, path, name, member, ...texts) {
  const [signature, body] = ['s'.repeat(texts.length), marshalled(texts)];
  await bus.send({
    type: 'method_call',
    serial: ++serial,
    destination,
    path,
    interface: name,
    member,
    signature,
    body,
  });
  for await (const message of bus) {
    if (message.type === 'error' && message.replySerial === serial) throw new Error(message.errorName);
    if (message.replySerial === serial) return message.fds;
    OwnedFd.closeAll(message.fds); // Of a signal, for example.
  }
  throw new Error('the bus closed the connection');
}

/** Texts as D-Bus has them: each begins at a multiple of four with its length, and ends with a zero byte. @param {readonly string[]} texts */
function marshalled(texts) {
  const pieces = texts.flatMap((text) => {
    const bytes = Buffer.from(`${text}\0`);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length - 1);
    return [length, bytes, Buffer.alloc(-bytes.length & 3)];
  });
  return Buffer.concat(pieces.slice(0, -1));
}

await call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello');
const logind = /** @type {const} */ ([
  'org.freedesktop.login1',
  '/org/freedesktop/login1',
  'org.freedesktop.login1.Manager',
]);
const [lock, ...others] = await call(...logind, 'Inhibit', 'sleep', 'ancillary', 'A demonstration', 'block');
if (lock === undefined || others.length > 0) throw new Error(`one descriptor was to come, not ${1 + others.length}`);
console.log(`holding the lock, a ${fds.describeFd(lock).kind}`);

for await (const message of bus) OwnedFd.closeAll(message.fds); // Until bus.close().
lock.close(); // This lets go.
console.log('let go');
