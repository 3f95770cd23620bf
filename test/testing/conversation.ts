import { type ModelSocketPair, modelSocketPair, type ModelSocketPairOptions } from '../../packages/ancillary/testing';
import { AncillaryError, OwnedFd } from '../../packages/binding';
import { lengthPrefixed } from '../../packages/codec';
import type { FdSocket } from '../../packages/stream';

/** All that a user of the two sockets could see of a run. */
export interface Run {
  readonly pair: ModelSocketPair;
  /** What happened to the program, in order. */
  readonly log: readonly string[];
}

const FRAMES = 8;
const codec = lengthPrefixed();

/** Both sockets send each other frames of growing length with 0 to 3 descriptors, and read what comes, until the end. */
export async function converse(options: ModelSocketPairOptions): Promise<Run> {
  const pair = modelSocketPair(options);
  const log: string[] = [];
  const ends = pair.map((socket, place) => {
    const say = (words: string): number => log.push(`${place} at ${pair.world.now} ms: ${words}`);
    socket.on('discarded', ({ count, range, reason }) => say(`discarded ${count} of ${range.start}, ${reason}`));
    socket.on('close', () => say(`closed, ${JSON.stringify(socket.stats)}`));
    return Promise.all([send(pair, place, say), receive(pair, socket, say)]);
  });
  await Promise.all(ends);
  for (const socket of pair) socket.destroy();
  await pair.world.idle();
  return { pair, log };
}

async function send(pair: ModelSocketPair, place: number, say: (words: string) => void): Promise<void> {
  const socket = pair[place === 0 ? 0 : 1];
  const sent = Array.from({ length: FRAMES }, async (_, index) => {
    const files = Array.from({ length: index % 4 }, (__, each) =>
      pair.world.open(`file ${place}.${index}.${each}`, place === 0 ? 0 : 1),
    );
    const { bytes, fds } = codec.encode({ bytes: Buffer.alloc(index ** 2 * 40, index), fds: files });
    // Half are lent, half given.
    const transfer = index % 2 === 0;
    const sending = socket.send(bytes, fds, { transfer });
    if (!transfer) OwnedFd.closeAll(files);
    await sending.then(
      () => say(`sent ${index}`),
      (error: unknown) => say(`${index} failed: ${String(error)}`),
    );
  });
  socket.end();
  await Promise.all(sent);
}

async function receive(pair: ModelSocketPair, socket: FdSocket, say: (words: string) => void): Promise<void> {
  try {
    for await (const frame of socket.frames(codec)) {
      const { start, end } = frame.range;
      const identities = frame.fds.map((fd) => pair.world.identity(fd));
      say(`${start} to ${end}, ${frame.bytes.toString('latin1')}, ${identities.join()}, ${frame.truncated}`);
      frame.close();
    }
    say('the end');
  } catch (error) {
    say(error instanceof AncillaryError ? `${error.code}: ${error.message}` : String(error));
  }
}

/** All frames of {@link converse}, by what a receiver says of them. */
export function framesIn({ log }: Run): string[] {
  return log
    .filter((line) => / to \d+, /.test(line))
    .map((line) => line.replace(/ at \d+ ms/, ''))
    .sort();
}
