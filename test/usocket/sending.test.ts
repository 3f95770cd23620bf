import { type FdSocket, fds, type OwnedFd, raw, socketpair } from '../../packages/ancillary';
import { addon } from '../../packages/binding-native';
import { lengthPrefixed } from '../../packages/codec';
import { waitingAt, withBarePeer } from '../support/bare-peer';
import { identity } from '../support/descriptors';

const codec = lengthPrefixed();

let sender: FdSocket;
let receiver: FdSocket;
/** Two files to tell apart by. */
let files: [OwnedFd, OwnedFd];

beforeEach(() => {
  [sender, receiver] = socketpair();
  addon.setSocketOption(sender.fd, addon.constants.SO_SNDBUF, 8_192);
  files = [fds.memfd('even'), fds.memfd('odd')];
});

afterEach(() => {
  sender.destroy();
  receiver.destroy();
  for (const file of files) file.close();
});

const fileOf = (index: number): OwnedFd => files[index % 2 === 0 ? 0 : 1];

function frame(index: number, length = 4): Uint8Array {
  const payload = Buffer.alloc(length, '.');
  payload.writeUInt32BE(index);
  return codec.encode({ bytes: payload, fds: [fileOf(index)] }).bytes;
}

/** Receives so many frames and makes sure that each has the number and the file of its place. */
async function receiveInOrder(count: number): Promise<void> {
  const identities = files.map(({ fd }) => identity(fd));
  let index = 0;
  for await (const received of receiver.frames(codec)) {
    using each = received;
    const [own, ...others] = each.fds;
    const right = own !== undefined && others.length === 0 && identity(own.fd) === identities[index % 2];
    if (!right || each.bytes.readUInt32BE(6) !== index) throw new Error(`frame ${index} is not what was sent`);
    if (++index === count) break;
  }
  expect(index).toBe(count);
}

it('drops no descriptor when the socket is full (EAGAIN): 20,000 of 20,000 arrive, each with its message', async () => {
  const batch = 200;
  async function flood(): Promise<void> {
    for (let first = 0; first < 20_000; first += batch) {
      const sends = Array.from({ length: batch }, (_, index) =>
        sender.send(frame(first + index), [fileOf(first + index)]),
      );
      // The kernel took some of the batch and refused the others.
      expect(sender.stats.framesSent).toBeLessThan(first + batch);
      await Promise.all(sends);
    }
  }
  await Promise.all([flood(), receiveInOrder(20_000)]);
  expect(sender.stats.fdsSent).toBe(20_000);
  expect(receiver.stats.fdsReceived).toBe(20_000);
});

it('sends no descriptor twice after a partial write: 200 sent, 200 received', async () => {
  const sends = Array.from({ length: 200 }, (_, index) => sender.send(frame(index, 20_000), [fileOf(index)]));
  await Promise.all([...sends, receiveInOrder(200)]);
  sender.end();
  await expect(receiver.frames().next()).resolves.toMatchObject({ done: true });
  expect([sender.stats.fdsSent, receiver.stats.fdsReceived]).toEqual([200, 200]);
});

it('does not pretend to send descriptors without bytes', async () => {
  using ends = withBarePeer();
  await expect(ends.socket.send('', [files[0]])).rejects.toMatchObject({ code: 'ERR_FD_WITHOUT_BYTES' });
  expect(() => raw.sendMessage(ends.peer, Buffer.alloc(0), [files[0]])).toThrow(/without a byte to ride on/);
  expect(waitingAt(ends.peer)).toEqual({ text: '', fds: 0 });
});

it('keeps descriptors with their messages in a burst of 40 calls that arrive together', async () => {
  addon.setSocketOption(sender.fd, addon.constants.SO_SNDBUF, 200_000);
  await Promise.all(Array.from({ length: 40 }, (_, index) => sender.send(frame(index), [fileOf(index)])));
  await receiveInOrder(40);
});

it('end() sends all that was written and sent before it', async () => {
  const chunk = Buffer.alloc(100_000, 'w');
  for (let count = 0; count < 5; count++) sender.write(chunk);
  const last = sender.send('last', [files[1]]);
  sender.end('!');
  let length = 0;
  const received: string[] = [];
  for await (const each of receiver.frames()) {
    length += each.bytes.length;
    received.push(...each.fds.map(({ fd }) => identity(fd)));
    each.close();
  }
  await last;
  expect(length).toBe(5 * chunk.length + 5);
  expect(received).toEqual([identity(files[1].fd)]);
});

it('keeps the order of write() and send() while the socket is full', async () => {
  sender.write(Buffer.alloc(100_000, 'a'));
  sender.write('b');
  const sends = [sender.send('c', [files[0]]), sender.send('d')];
  sender.write('e');
  sends.push(sender.send('f', [files[1]]));
  using filler = await receiver.receive(100_000);
  using rest = await receiver.receive(5);
  await Promise.all(sends);
  expect(filler.fds).toEqual([]);
  expect(rest.bytes.toString()).toBe('bcdef');
  expect(rest.fds.map(({ fd }) => identity(fd))).toEqual(files.map(({ fd }) => identity(fd)));
});
