import { adopt, type FdSocket, type FdSocketOptions, type OwnedFd, raw } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';

/** An FdSocket whose other end is a bare descriptor, for one system call at a time or for a child. */
export interface BarePeer extends Disposable {
  readonly socket: FdSocket;
  readonly peer: OwnedFd;
}

export function withBarePeer(options?: FdSocketOptions): BarePeer {
  const [ours, peer] = nativeBinding.socketpair();
  const socket = adopt(ours, options);
  return {
    socket,
    peer,
    [Symbol.dispose]() {
      socket.destroy();
      peer.close();
    },
  };
}

/** All bytes that wait at a bare descriptor now, as text, and how many descriptors, which are closed. */
export function waitingAt(peer: OwnedFd): { text: string; fds: number } {
  const buffer = Buffer.alloc(65_536);
  const waiting = { text: '', fds: 0 };
  for (let turn = 0; turn < 1_000_000; turn++) {
    try {
      const { bytesRead, fds } = raw.receiveMessage(peer, buffer);
      waiting.text += buffer.toString('latin1', 0, bytesRead);
      waiting.fds += fds.length;
      for (const fd of fds) fd.close();
      if (bytesRead === 0) return waiting;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return waiting;
      throw error;
    }
  }
  throw new Error('the bare peer received without end');
}
