import type { Delivered } from './control-buffer';
import type { ModelSocket } from './model-socket';
import type { OutgoingMessage } from './outgoing-message';
import { MSG_OOB, type ReceiveRequest } from './system-calls';
import type { Taken } from './taken';
import type { ReceiveEvent, SendEvent } from './trace';

/** @param peer whose queue has it, as yet unread @param start where in the stream it begins */
export function sendEvent(peer: ModelSocket, message: OutgoingMessage, start: number, taken: number): SendEvent {
  const asked = message.bytes.length;
  return {
    what: 'sendmsg',
    stream: peer.identity,
    start,
    end: start + taken,
    asked,
    bytes: new Uint8Array(message.bytes.subarray(0, taken)),
    fds: identities(message.files),
    segments: peer.queue.map(({ stretch }) => stretch).filter((stretch) => stretch.end > start),
    outOfBand: (message.flags & MSG_OOB) !== 0 && taken === asked,
  };
}

/** What did not fit is the end of the list (docs/kernel.md 7, 8). */
export function receiveEvent(
  socket: ModelSocket,
  { size, controlLength }: ReceiveRequest,
  { stretch, ancillary, outOfBand }: Taken,
  { fds, truncated }: Delivered,
  ranOutOfNumbers: boolean,
): ReceiveEvent {
  const files = identities(ancillary?.files ?? []);
  const { start, end } = stretch ?? { start: socket.bytesQueued, end: socket.bytesQueued };
  return {
    what: 'recvmsg',
    stream: socket.identity,
    start,
    end,
    size,
    controlLength,
    fds: files.slice(0, fds.length),
    lost: files.slice(fds.length),
    ranOutOfNumbers,
    truncated,
    outOfBand,
    anchor: socket.rules.barrier === 'after' ? 'last-byte' : 'first-byte',
  };
}

function identities(files: readonly { readonly identity: string }[]): string[] {
  return files.map(({ identity }) => identity);
}
