import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type FdSocket, fds, type OwnedFd } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { identity } from '../support/descriptors';
import { MODES, type Mode } from './modes';
import { Random } from './random';

/*
 * One user's process with several connections to the server at a time, each as its mode wants it. It ends by itself at times,
 * in the middle of everything, and its parent starts another one. Arguments: the path, a seed, how many connections.
 */

const [, , path = '', seed = '0', sockets = '8'] = process.argv;
const random = new Random(Number(seed));
const codec = lengthPrefixed({ maxLength: 1 << 20 });
const MOST_BYTES = 200_000;
const MOST_FDS = 40;
const PATIENCE_MS = 10_000;

const files: OwnedFd[] = Array.from({ length: MOST_FDS }, (_, index) => fds.memfd(`${index}`));

function message(): { bytes: Buffer; fds: OwnedFd[] } {
  const count = random.skewed(MOST_FDS);
  return { bytes: randomBytes(random.skewed(MOST_BYTES)), fds: files.slice(0, count) };
}

async function send(socket: FdSocket, { bytes, fds: sent }: { bytes: Uint8Array; fds: readonly OwnedFd[] }) {
  const encoded = codec.encode({ bytes, fds: sent });
  await socket.send(Buffer.concat([encoded.bytes].flat()), encoded.fds);
}

/** @throws where something else comes back than was sent */
async function echo(socket: FdSocket): Promise<void> {
  const returned = socket.frames(codec);
  for (let left = 1 + random.below(40); left > 0; left--) {
    const sent = message();
    // All at once, or one of the two waits for the other when neither is read.
    const [next] = await Promise.all([returned.next(), send(socket, sent)]);
    if (next.done === true) return;
    using frame = next.value;
    const { bytes, fds: received } = codec.decode(frame);
    const right =
      bytes.equals(sent.bytes) &&
      received.map(({ fd }) => identity(fd)).join() === sent.fds.map(({ fd }) => identity(fd)).join();
    for (const each of received) each.close();
    if (!right) wrong(`${sent.bytes.length} bytes and ${sent.fds.length} descriptors came back as others`);
    await delay(random.below(20));
  }
}

async function behave(socket: FdSocket, mode: Mode): Promise<void> {
  await send(socket, { bytes: Buffer.from(mode), fds: [] });
  switch (mode) {
    case 'echo':
      return echo(socket);
    case 'bytes':
    case 'throwing':
      for (let left = 20; left > 0 && !socket.destroyed; left--) await send(socket, message());
      return;
    case 'deaf':
    case 'flood':
      // Without waiting and without reading, until it is full on all sides.
      for (let left = 200; left > 0 && socket.writableLength < 2 << 20; left--)
        send(socket, message()).catch(() => undefined);
      return delay(500 + random.below(3_000));
    case 'half': {
      const { bytes } = codec.encode({ bytes: Buffer.alloc(1_000), fds: files.slice(0, 10) });
      await socket.send(Buffer.concat([bytes].flat()).subarray(0, 7 + random.below(900)), files.slice(0, 10));
      return delay(random.below(10_000));
    }
    case 'surplus':
      return socket.send(
        Buffer.concat([codec.encode({ bytes: Buffer.from('x'), fds: [] }).bytes].flat()),
        files.slice(0, 3),
      );
    case 'garbage':
      return socket.send(randomBytes(1 + random.below(5_000)), files.slice(0, random.below(MOST_FDS)));
    case 'silent':
      return delay(random.below(10_000));
    case 'dying':
      for (let left = random.below(30); left > 0; left--) void send(socket, message()).catch(() => undefined);
      await delay(random.below(200));
      process.kill(process.pid, random.of(['SIGKILL', 'SIGTERM']));
  }
}

function wrong(what: string): never {
  process.stderr.write(`WRONG: ${what}\n`);
  process.exit(9);
}

async function run(): Promise<void> {
  for (;;) {
    // A process that dies takes all of its connections with it, so that happens less often.
    const mode =
      random.below(300) === 0 ? 'dying' : random.of(MODES.filter((each) => each !== 'dying') as [Mode, ...Mode[]]);
    try {
      const socket = await connect(path, { timeout: 20_000, retry: true });
      socket.on('error', () => undefined);
      try {
        // Where both sides wait until the other one reads, this one gives up.
        await Promise.race([behave(socket, mode), delay(PATIENCE_MS)]);
      } finally {
        if (random.below(2) === 0) socket.end();
        await delay(random.below(20));
        socket.destroy();
      }
    } catch {
      // The server ends what is against its limits, and dead peers' sockets are reset.
      await delay(10);
    }
  }
}

for (let left = Number(sockets); left > 0; left--) void run();
// Nobody wants a client without its parent.
process.on('disconnect', () => process.exit());
