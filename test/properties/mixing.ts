import type { FdSocket, FrameCodec } from '../../packages/ancillary';
import type { Account } from './account';
import { bytes, type Reading } from './reading';
import { counted, randomNumbers } from './traffic';

/** A few frames, or part of one, in one way of reading, which is left afterwards. */
type Turn = (socket: FdSocket, account: Account, random: ReturnType<typeof randomNumbers>) => Promise<void>;

type Codec = FrameCodec<unknown, never>;

const attachedTo = (reads: 'greedy' | 'bounded'): Codec => ({
  ...counted,
  reads,
  measure(buffered, scanned) {
    const measured = counted.measure(buffered, scanned);
    return 'need' in measured ? measured : { ...measured, fds: 'attached' };
  },
});

function loop(codec: Codec): Turn {
  return async (socket, account, random) => {
    let left = random(1, 4);
    for await (const frame of socket.frames(codec)) {
      account.frame(frame);
      if (--left === 0) break;
    }
  };
}

const receiveWhole: Turn = async (socket, account) => {
  account.frame(await socket.receive(account.next?.bytes.length ?? 1));
};

const receiveInParts: Turn = async (socket, account, random) => {
  for (let left = account.next?.bytes.length ?? 1; left > 0;) {
    const part = random(0, 1) === 0 ? left : random(1, left);
    account.piece(await socket.receive(part));
    left -= part;
  }
};

/** Segments end anywhere; what is left of the frame that the last one ended in is received. */
const someSegments: Turn = async (socket, account, random) => {
  let left = random(1, 3);
  for await (const frame of socket.frames()) {
    account.piece(frame);
    if (--left === 0) break;
  }
  if (account.missing > 0) account.piece(await socket.receive(account.missing));
};

const TURNS: readonly Turn[] = [
  loop(counted),
  loop({ ...counted, reads: 'bounded' }),
  loop({ ...counted, descriptors: 'early' }),
  loop(attachedTo('greedy')),
  loop(attachedTo('bounded')),
  receiveWhole,
  receiveInParts,
  someSegments,
];

/** One way of reading after the other, at random; at some point the rest is read as bytes. */
export const mixing: Reading = async (socket, account, sent) => {
  const random = randomNumbers(~sent.seed);
  while (account.next !== undefined && random(0, 15) > 0) {
    await TURNS[random(0, TURNS.length - 1)]?.(socket, account, random);
  }
  // A loop that wanted more frames than there were has read the end already.
  if (!socket.readableEnded) await bytes(socket, account, sent);
};
