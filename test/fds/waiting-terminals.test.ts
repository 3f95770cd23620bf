import { constants, openSync, promises as fs } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fds, OwnedFd, socketpair } from '../../packages/ancillary';
import { settled, until } from '../hostile/until';
import { destroyed } from '../socket/sockets';
import { python } from '../support/children';
import { expectDescriptors, openDescriptors } from '../support/descriptors';

// What a peer makes of its terminals and named pipes must not keep the threads that node:fs, dns and others need.

/** More than libuv has threads. */
const COUNT = 6;

const PEER = `
import os, pty, socket, sys, tempfile, termios, tty
peer = socket.socket(fileno=3)
peer.setblocking(True)
ptys = [pty.openpty() for _ in range(${COUNT})]
if sys.argv[1] == 'slow':
    for master, terminal in ptys:
        mode = termios.tcgetattr(terminal)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        mode[6][termios.VMIN] = mode[6][termios.VTIME] = 255
        termios.tcsetattr(terminal, termios.TCSANOW, mode)
else:
    for master, terminal in ptys: tty.setraw(terminal)
sent = [terminal for master, terminal in ptys]
if sys.argv[1] == 'masters':
    sent = [master for master, terminal in ptys]
fifos = []
if sys.argv[1] == 'fifos':
    with tempfile.TemporaryDirectory() as directory:
        for number in range(${COUNT}):
            os.mkfifo(f'{directory}/{number}')
            fifos.append(os.open(f'{directory}/{number}', os.O_RDWR))
    sent = fifos
socket.send_fds(peer, [b'x'], sent)
while line := peer.recv(100).decode():
    exec(line)
`;

interface Received {
  readonly files: OwnedFd[];
  readonly tell: (line: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

async function receive(what: 'slow' | 'raw' | 'masters' | 'fifos'): Promise<Received> {
  const [ours, theirs] = socketpair({ child: true });
  const peer = python(PEER, { descriptors: [theirs.fd], args: [what] });
  theirs.close();
  const { fds: files } = await ours.receive(1);
  expect(files).toHaveLength(COUNT);
  return {
    files,
    tell: (line) => ours.send(line),
    async end() {
      ours.end();
      await peer.succeeded();
      await destroyed(ours);
    },
  };
}

async function expectPool(): Promise<void> {
  const read = await Promise.all(Array.from({ length: 10 }, () => settled(fs.readFile('/proc/self/comm', 'utf8'))));
  for (const { status } of read) expect(status).toBe('fulfilled');
}

it('terminals that want 255 bytes at a time are read as bytes come, and their mode stays', async () => {
  const before = openDescriptors();
  const { files, tell, end } = await receive('slow');
  let heard = '';
  const streams = files.map((fd) => fds.toReadStream(fd).on('data', (chunk: Buffer) => (heard += chunk.toString())));
  await tell(`[os.write(master, b'a') for master, terminal in ptys]`);
  await until(() => heard === 'a'.repeat(COUNT));
  await expectPool();
  for (const stream of streams) stream.destroy();
  await until(() => streams.every(({ closed }) => closed));
  await end();
  await expectDescriptors(before, 'reading terminals');
});

it.each([
  ['terminals', 'raw', 'master'],
  ['other ends of terminals', 'masters', 'terminal'],
] as const)('%s that nobody reads wait to be written, and keep no other work waiting', async (_what, sent, end) => {
  const before = openDescriptors();
  const received = await receive(sent);
  const streams = received.files.map((fd) => fds.toWriteStream(fd).on('error', () => undefined));
  for (const stream of streams) stream.write(Buffer.alloc(1_000_000, 'line\n'));
  await expectPool();
  await received.tell(`print('one is read', len(b''.join(os.read(${end}, 4096) for master, terminal in ptys[:1])))`);
  await expectPool();
  for (const stream of streams) stream.destroy();
  await received.end();
  await until(() => streams.every(({ closed }) => closed));
  await expectDescriptors(before, 'writing to terminals');
});

it('named pipes that nobody reads wait to be written, and arrive whole', async () => {
  const before = openDescriptors();
  const { files, end } = await receive('fifos');
  const copies = files.map((fd) => fds.dup(fd));
  const bytes = Buffer.alloc(300_000, 'all the bytes, in their order; ');
  const streams = files.map((fd) => fds.toWriteStream(fd).on('error', () => undefined));
  for (const stream of streams) stream.write(bytes);
  await expectPool();
  const [copy, ...others] = copies;
  const [first] = streams;
  if (copy === undefined || first === undefined) throw new Error('there is one');
  const input = fds.toReadStream(copy);
  const heard: Buffer[] = [];
  input.on('data', (chunk: Buffer) => heard.push(chunk));
  await until(() => heard.reduce((sum, { length }) => sum + length, 0) === bytes.length);
  expect(Buffer.concat(heard).equals(bytes)).toBe(true);
  input.destroy();
  for (const other of others) other.close();
  for (const stream of streams) stream.destroy();
  await until(() => [input, ...streams].every(({ closed }) => closed));
  await end();
  await expectDescriptors(before, 'writing to named pipes');
});

it('a named pipe of a peer is read to its end, once its last writer is gone', async () => {
  const before = openDescriptors();
  const { files, tell, end } = await receive('fifos');
  const [file, ...others] = files;
  if (file === undefined) throw new Error('there is one');
  const reader = OwnedFd.adopt(openSync(`/proc/self/fd/${file.fd}`, constants.O_RDONLY | constants.O_NONBLOCK));
  file.close();
  const stream = fds.toReadStream(reader);
  const heard = text(stream);
  await tell(`os.write(fifos[0], b'to the end'); [os.close(fifo) for fifo in fifos]`);
  expect(await heard).toBe('to the end');
  for (const other of others) other.close();
  await until(() => stream.closed);
  await end();
  await expectDescriptors(before, 'reading a named pipe');
});
