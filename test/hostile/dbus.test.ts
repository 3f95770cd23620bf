import { type FdSocket, fds, OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { type DBusMessage, dbusMessages } from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';
import { CALL, callWith, marshalled } from '../codec/dbus-message';
import { destroyed } from '../socket/sockets';
import { Files, identitiesOf } from '../support/files';

// A peer whose message is not what it says: its connection fails with an error that names the message, and all others go on.

const codec = dbusMessages();

/** A service that answers each message with its descriptors, in reverse order. */
async function serve(socket: FdSocket): Promise<void> {
  for await (const { serial, fds: came } of framed(socket, codec)) {
    const answer = marshalled({
      type: 2,
      serial,
      fields: [
        [5, 'u', serial],
        [9, 'u', came.length],
      ],
    });
    await socket.send(answer, came.reverse(), { transfer: true });
  }
}

/** What a client gets that asks several times while something happens; files are told apart by their identities. */
async function asks(connection: Framed<DBusMessage, { bytes: Uint8Array; fds: readonly OwnedFd[] }>, times: number) {
  const right: boolean[] = [];
  const answers = connection[Symbol.asyncIterator]();
  for (let serial = 1; serial <= times; serial++) {
    using files = new Files(serial % 4);
    await connection.send({ bytes: marshalled({ serial, fields: callWith(serial % 4) }), fds: files.owned });
    const answer = (await answers.next()).value as DBusMessage;
    right.push(
      answer.replySerial === serial && String(identitiesOf(answer.fds).reverse()) === String(files.identities),
    );
    OwnedFd.closeAll(answer.fds);
  }
  return right;
}

const garbage = Buffer.from(marshalled()).fill(0xff, 4, 8);

it.each<[string, Buffer, number, string, string]>([
  [
    'declares more descriptors than came',
    marshalled({ fields: callWith(3) }),
    2,
    'ERR_FD_MISSING',
    'frame at bytes START to END .*declares 3 .*came with 2',
  ],
  [
    'declares some, and none came',
    marshalled({ fields: callWith(1) }),
    0,
    'ERR_FD_MISSING',
    'frame at bytes START to END .*declares 1 .*came with 0',
  ],
  [
    'declares fewer than came',
    marshalled({ fields: callWith(1) }),
    3,
    'ERR_FD_SURPLUS',
    'frame at bytes START to END came with 3 ',
  ],
  ['declares none, and some came', marshalled(), 1, 'ERR_FD_SURPLUS', 'frame at bytes START to END came with 1 '],
  [
    'declares more than any may have',
    marshalled({ fields: callWith(0xffffffff) }),
    1,
    'ERR_FD_SURPLUS',
    'frame at byte START declares 4294967295',
  ],
  ['is announced to be larger than any', garbage, 1, 'ERR_FRAME_TOO_LARGE', 'serial 1 has 4294967\\d+ bytes'],
  ['is no message', Buffer.alloc(200, 'x'), 1, 'ERR_FRAME_INVALID', 'first byte is 120'],
  [
    'has a broken header',
    marshalled({ serial: 77, fields: [...CALL, [9, 's', 'one']] }),
    1,
    'ERR_FRAME_INVALID',
    'serial 77',
  ],
])('a message that %s', async (_what, message, count, code, words) => {
  const pairs = Array.from({ length: 3 }, () => socketpair());
  const services = pairs.map(([, server]) => serve(server).catch((error: unknown) => error));
  const [[bad], ...good] = pairs as [[FdSocket, FdSocket], ...[FdSocket, FdSocket][]];
  const others = good.map(([client]) => asks(framed(client, codec), 50));

  bad.on('error', () => undefined);
  await bad.send(marshalled());
  await bad.send(
    message,
    Array.from({ length: count }, () => fds.memfd('of the bad peer')),
    { transfer: true },
  );
  const failure = await services[0];
  const start = marshalled().length;
  const pattern = new RegExp(words.replace('START', `${start}`).replace('END', `${start + message.length}`));
  expect(failure).toMatchObject({ code, message: expect.stringMatching(pattern) as string });

  for (const right of await Promise.all(others)) expect(right).toEqual(new Array(50).fill(true));
  expect(pairs.map(([, server]) => server.destroyed)).toEqual([true, false, false]);
  await destroyed(...pairs.flat());
  await Promise.all(services);
});

it('descriptors of a message are never taken for those of the next one', async () => {
  const [client, server] = socketpair({ onSurplus: 'close' });
  const discarded: unknown[] = [];
  server.on('discarded', (what) => discarded.push(what.reason));
  using files = new Files(3);
  const first = marshalled({ serial: 1 });
  const second = marshalled({ serial: 2, fields: callWith(1) });
  await client.send(first, files.owned.slice(0, 2));
  await client.send(second, files.owned.slice(2));
  client.end();
  const came: [number, string[]][] = [];
  for await (const { serial, fds: ofMessage } of framed(server, codec)) {
    came.push([serial, identitiesOf(ofMessage)]);
    OwnedFd.closeAll(ofMessage);
  }
  expect([came, discarded]).toEqual([
    [
      [1, []],
      [2, files.identities.slice(2)],
    ],
    ['surplus'],
  ]);
  await destroyed(client, server);
});

it('copies of descriptors that come with each part of a message are closed, and none is for the next one', async () => {
  const [client, server] = socketpair({ onSurplus: 'close' });
  const discarded: unknown[] = [];
  server.on('discarded', ({ count, reason }) => discarded.push([count, reason]));
  using files = new Files(3);
  const numbers = files.owned.map(({ fd }) => fd);
  const first = marshalled({ serial: 1, fields: callWith(2) });
  // As sd-bus sent what the socket did not take whole, before systemd pull request 6603.
  for (const part of [first.subarray(0, 10), first.subarray(10, 20), first.subarray(20)])
    expect(raw.sendMessage(client, part, numbers.slice(0, 2))).toBe(part.length);
  const second = marshalled({ serial: 2, fields: callWith(1) });
  expect(raw.sendMessage(client, second, numbers.slice(2))).toBe(second.length);
  client.end();
  const came: [number, string[]][] = [];
  for await (const { serial, fds: ofMessage } of framed(server, codec)) {
    came.push([serial, identitiesOf(ofMessage)]);
    OwnedFd.closeAll(ofMessage);
  }
  expect(came).toEqual([
    [1, files.identities.slice(0, 2)],
    [2, files.identities.slice(2)],
  ]);
  expect(discarded).toEqual([[4, 'surplus']]);
  await destroyed(client, server);
});

it('an announced length allocates nothing', async () => {
  const [client, server] = socketpair();
  const before = process.memoryUsage().arrayBuffers;
  const waiting = server.frames(codec).next();
  waiting.catch(() => undefined);
  await client.send(marshalled({ bodyLength: 2 ** 27 - 200 }));
  await client.send(Buffer.alloc(1000));
  await new Promise((resolve) => setImmediate(resolve));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
  await destroyed(client, server);
});
