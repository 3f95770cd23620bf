import { once } from 'node:events';
import type { FdFrame, FdSocket, FrameCodec } from '../../packages/ancillary';
import { asError } from '../../packages/stream/abort';
import { readables } from '../support/readable';
import type { Account } from './account';
import { randomNumbers } from './traffic';
import type { Sending } from './wire';

/** A way of reading a stream to its end, with every piece put into the account. */
export type Reading = (socket: FdSocket, account: Account, sent: Sending) => Promise<void>;

type Codec = FrameCodec<unknown, never>;

/** One frame for each message. */
export function framesOf(codec: Codec): Reading {
  return async (socket, account) => {
    for await (const frame of socket.frames(codec)) account.frame(frame);
  };
}

/** The known number of bytes of each frame. */
export const receiving: Reading = async (socket, account, { traffic }) => {
  for (const { bytes } of traffic.frames) account.frame(await socket.receive(bytes.length));
};

/** One frame for each segment: their boundaries are the kernel's, so bytes and descriptors are checked as they add up. */
export const segments: Reading = async (socket, account) => {
  for await (const frame of socket.frames()) account.piece(frame);
};

/** 'data', with 'fds' just before the bytes that the descriptors came with. */
export const bytes: Reading = async (socket, account) => {
  let announced: FdFrame | undefined;
  let failure: Error | undefined;
  const guarded =
    <Argument>(check: (argument: Argument) => void) =>
    (argument: Argument) => {
      try {
        if (failure === undefined) check(argument);
      } catch (error) {
        failure = asError(error);
        socket.destroy();
      }
    };
  socket.on(
    'fds',
    guarded((frame: FdFrame) => {
      expect(announced).toBeUndefined();
      announced = frame;
      account.descriptors(frame.fds, frame.range);
    }),
  );
  const closed = once(socket, 'close');
  socket.on(
    'data',
    guarded((chunk: Buffer) => {
      // The chunk that follows the descriptors is the very stretch that they came with.
      account.bytes(chunk, announced?.range);
      announced = undefined;
    }),
  );
  socket.on('end', () => socket.end());
  await closed;
  if (failure !== undefined) throw failure;
};

/**
 * `read(size)` with sizes at random. What was read before a descriptor's bytes came may not have sufficed, so 'fds' may
 * come while plain bytes wait; but never after a byte of its range was read.
 */
export const sizedReads: Reading = async (socket, account, { seed, traffic }) => {
  const random = randomNumbers(seed);
  const announced: FdFrame[] = [];
  let late = 0;
  socket.on('fds', (frame) => {
    announced.push(frame);
    if (frame.range.start < account.at) late++;
  });
  const readable = readables(socket);
  let left = random(1, 3_000);
  for (let turn = 0; turn < 1_000_000 && account.at < traffic.stream.length; turn++) {
    left = Math.min(left, traffic.stream.length - account.at);
    const chunk = socket.read(left) as Buffer | null;
    if (chunk === null) {
      await readable();
      continue;
    }
    putTogether(account, chunk, announced);
    left = random(1, 3_000);
  }
  expect(late).toBe(0);
};

/** Puts bytes into the account, and announced descriptors before the last byte that they came with: that is theirs. */
function putTogether(account: Account, chunk: Buffer, announced: FdFrame[]): void {
  const end = account.at + chunk.length;
  let done = 0;
  for (let frame = announced[0]; frame !== undefined && frame.range.end <= end; frame = announced[0]) {
    const anchor = frame.range.end - 1;
    const before = anchor - account.at;
    account.bytes(chunk.subarray(done, done + before));
    done += before;
    account.descriptors(frame.fds, { start: anchor, end: anchor + 1 });
    announced.shift();
  }
  account.bytes(chunk.subarray(done));
}
