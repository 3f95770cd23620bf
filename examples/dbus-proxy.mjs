// Stands between programs of D-Bus and their bus, and prints every message that passes, with the kinds of its descriptors.
// Run: node examples/dbus-proxy.mjs [path of the bus's socket]
// It says what to run then, in another terminal.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect, fds, listen } from 'ancillary';
import { dbusMessages } from 'ancillary/codec';
import { dbusHandshake } from 'ancillary/dbus';
import { proxy } from 'ancillary/proxy';

const [, session] = /^unix:path=([^,;]+)/.exec(process.env['DBUS_SESSION_BUS_ADDRESS'] ?? '') ?? [];
const bus = process.argv[2] ?? session ?? '/run/dbus/system_bus_socket';

// Clients may compare the bus's GUID with what its address says, so they get the real one.
const first = await connect(bus);
const { guid, unixFds } = await dbusHandshake(first);
first.destroy();

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dbus-proxy-'));
const address = path.join(directory, 'bus');
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

const proxying = proxy(await listen(address), bus, {
  codec: dbusMessages(),
  signal: stop.signal,
  async handshake(client, server) {
    const agreed = await dbusHandshake(client, { side: 'server', guid, unixFds });
    await dbusHandshake(server, { unixFds: agreed.unixFds });
  },
  seen(frame, { side, message }) {
    const {
      type,
      serial,
      replySerial,
      sender,
      destination,
      path: object,
      interface: name,
      member,
      errorName,
      signature,
    } = message();
    const kinds = frame.fds.map((fd) => fds.describeFd(fd).kind);
    const what = [
      side === 'from' ? '>' : '<',
      `${type} ${serial}`,
      replySerial === undefined ? '' : `to ${replySerial}`,
      errorName,
      sender && `from ${sender}`,
      destination && `for ${destination}`,
      object,
      member && `${name === undefined ? '' : `${name}.`}${member}`,
      `(${signature ?? ''})`,
      kinds.length > 0 ? `with ${kinds.join(', ')}` : '',
    ];
    console.log(what.filter(Boolean).join(' '));
  },
  ended({ error }) {
    if (error !== undefined && !stop.signal.aborted) console.log(`a connection failed: ${error.message}`);
  },
});

console.log(
  `DBUS_SESSION_BUS_ADDRESS=unix:path=${address} gdbus introspect --session --dest org.freedesktop.DBus -o /`,
);
await proxying.catch((error) => {
  if (!stop.signal.aborted) throw error;
});
fs.rmSync(directory, { recursive: true });
