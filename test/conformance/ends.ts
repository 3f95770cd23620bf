import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OwnedFd, SendPart, SocketHandle } from '../../packages/binding';
import { until } from '../hostile/until';
import { Recorder } from '../native/recorder';
import type { Kernel, Place } from './kernel';

export { until };

/** An open socket, and what it told. */
export interface End {
  readonly socket: SocketHandle;
  readonly told: Recorder;
}

/** Two connected sockets; descriptors go from the first process to the second. `using` closes all. */
export interface Ends extends Disposable {
  readonly sender: End;
  readonly receiver: End;
}

export function openEnds(kernel: Kernel): Ends {
  const [a, b] = kernel.socketpair();
  const sender = openEnd(kernel, a, 0);
  const receiver = openEnd(kernel, b, 1);
  return {
    sender,
    receiver,
    [Symbol.dispose]() {
      for (const { socket, told } of [sender, receiver]) {
        socket.close();
        told[Symbol.dispose]();
      }
    },
  };
}

export function openEnd(kernel: Kernel, owned: OwnedFd, place: Place): End {
  const told = new Recorder();
  return { socket: kernel.bindings[place].open(owned, told), told };
}

export function part(text: string, fds: readonly number[] = []): SendPart {
  return { bytes: Buffer.from(text), fds };
}

/** Sends all, waiting for room as often as it takes. Each call of `send` starts where the last one stopped. */
export async function sendAll({ socket, told }: End, parts: readonly SendPart[]): Promise<void> {
  let left = parts;
  while (left.length > 0) {
    const { accepted, error } = socket.sendParts(left);
    left = behind(left, accepted);
    if (error === undefined && left.length === 0) return;
    if (error !== 'EAGAIN') throw new Error(`send: ${error ?? 'not all was accepted, and no error told'}`);
    const before = told.writables;
    socket.watchWritable();
    await until(() => told.writables > before);
  }
}

/** What is left of the parts when so many bytes were accepted: descriptors left with the first byte of theirs. */
function behind(parts: readonly SendPart[], accepted: number): SendPart[] {
  let gone = accepted;
  const left: SendPart[] = [];
  for (const { bytes, fds } of parts) {
    if (gone < bytes.length) left.push(gone === 0 ? { bytes, fds } : { bytes: bytes.subarray(gone), fds: [] });
    gone = Math.max(0, gone - bytes.length);
  }
  return left;
}

/** Where a descriptor surely belongs: the byte of the stream that anchors it. */
export interface Arrival {
  readonly file: string;
  readonly at: number;
}

/** The descriptors that the second process received, in order. */
export function arrivals(kernel: Kernel, { told }: End): Arrival[] {
  const lastByte = kernel.bindings[1].anchor === 'last-byte';
  let start = 0;
  return told.segments.flatMap(({ bytes, fds }) => {
    const at = lastByte ? start + bytes.length - 1 : start;
    start += bytes.length;
    return fds.map((fd) => ({ file: kernel.identity(fd, 1), at }));
  });
}

/** Turns of the event loop in which whatever can still happen does. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await nextTurn();
}
