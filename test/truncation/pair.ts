import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdFrame, type FdSocket, type FdSocketOptions, raw, socketpair } from '../../packages/ancillary';
import { Files, identitiesOf } from '../support/files';
import { closed } from '../support/peer';

/** A socket under test whose other end sends what the kernel is to drop descriptors of. */
export interface Pair extends AsyncDisposable {
  readonly socket: FdSocket;
  /** One sendmsg, with as many files as told. They are in flight only, and so take no number here. Returns the files. */
  send(bytes: string | Uint8Array, count?: number): string[];
  /** The other end closes. */
  end(): Promise<void>;
}

export function openPair(options: FdSocketOptions = {}): Pair {
  const [socket, theirs] = socketpair(options);
  return {
    socket,
    send(bytes, count = 0) {
      using files = new Files(count);
      const data = Buffer.from(bytes);
      expect(raw.sendMessage(theirs.fd, data, files.owned)).toBe(data.length);
      return [...files.identities];
    },
    end: () => closed(theirs),
    [Symbol.asyncDispose]: () => closed(socket, theirs),
  };
}

/** A frame as it came, or as it should. */
export interface Came {
  readonly text: string;
  readonly files: readonly string[];
  readonly truncated: boolean;
}

/** What a frame brought. Its descriptors are closed, so that their numbers are free again. */
export function take(frame: FdFrame): Came {
  using closing = frame;
  return { text: closing.bytes.toString(), files: identitiesOf(closing.fds), truncated: closing.truncated };
}

/** A frame with all its files. */
export function whole(text: string, files: readonly string[] = []): Came {
  return { text, files, truncated: false };
}

/** A frame of whose files the kernel delivered only the first `kept`. */
export function cut(text: string, files: readonly string[], kept: number): Came {
  return { text, files: files.slice(0, kept), truncated: true };
}

/** The next frames of an iterator, one by one, each taken before the next is asked for. */
export async function takeNext(frames: AsyncIterator<FdFrame>, count: number): Promise<Came[]> {
  const came: Came[] = [];
  while (came.length < count) {
    const next = (await frames.next()) as IteratorResult<FdFrame, undefined>;
    if (next.done === true) break;
    came.push(take(next.value));
  }
  return came;
}

/** Lets the event loop turn, a bounded number of times, until the socket has read so many bytes. */
export async function bytesRead(socket: FdSocket, count: number): Promise<void> {
  for (let turns = 0; socket.stats.bytesRead < count; turns++) {
    if (turns === 1_000_000) throw new Error(`${socket.stats.bytesRead} bytes were read, not ${count}`);
    await nextTurn();
  }
}
