import { MSG_OOB, MSG_PEEK, MSG_TRUNC, type ReceivedMessage } from '../../packages/binding-model/kernel';
import { attempt, type Entry } from './entry';
import type { Step } from './program';
import type { World } from './world';

type Receive = Extract<Step, { call: 'recvmsg' }>;

/** Control messages of this length have room for all that can come. */
const ROOM_FOR_ALL = 16 + 12 + 4 + 16 + 253 * 4 + 4 + 16 + 4;

/** Receives for a program, and notes the descriptors, of which most are closed. */
export function receive(step: Receive, world: World): Entry {
  const { size, controlLength, flags } = step;
  const { fd, socket } = world.target(step.on);
  const names = Object.entries({ MSG_PEEK, MSG_OOB, MSG_TRUNC }).filter(([, flag]) => (flags & flag) !== 0);
  const parts = [world.numberOf(fd), size, controlLength, ...names.map(([name]) => name)];
  return attempt(`recvmsg(${parts.join(', ')})`, () => {
    const message = world.machine.calls.recvmsg(fd, { size, controlLength, flags });
    const result = describe(message, world, step.keep);
    const left = world.machine.calls.inq(fd);
    const isStream = socket?.type === 'stream';
    return {
      result: `${result}, ${left} left`,
      bytes: message.bytes,
      met: [...occurrences(step, message), ...(isStream ? ofStream(step, message, left) : [])],
    };
  });
}

function describe(message: ReceivedMessage, world: World, keep: number): string {
  const parts = [`${message.length} bytes`];
  if (message.credentials !== undefined) parts.push(world.describeCredentials(message.credentials));
  if (message.fds.length > 0) parts.push(`[${world.addReceived(message.fds, keep)}]`);
  // A process whose table is full gets an errno in the place of the descriptor.
  if (message.pidfd !== undefined) {
    parts.push(`pidfd ${message.pidfd < 0 ? message.pidfd : world.addReceived([message.pidfd], keep)}`);
  }
  if (message.truncated) parts.push('MSG_CTRUNC');
  if (message.dataTruncated) parts.push('MSG_TRUNC');
  if (message.outOfBand) parts.push('MSG_OOB');
  return parts.join(', ');
}

function* occurrences({ flags, controlLength }: Receive, message: ReceivedMessage): Iterable<string> {
  if (message.fds.length > 0) yield 'receives with descriptors';
  if ((flags & MSG_PEEK) !== 0) yield 'peeks';
  if ((flags & MSG_PEEK) !== 0 && message.fds.length > 0) yield 'peeks with descriptors';
  if (message.truncated) yield 'MSG_CTRUNC';
  if (message.truncated && message.fds.length > 0) yield 'MSG_CTRUNC with some of the descriptors';
  if (message.truncated && controlLength >= ROOM_FOR_ALL) yield 'MSG_CTRUNC for want of free numbers';
  if (message.dataTruncated) yield 'MSG_TRUNC';
  if (message.outOfBand) yield 'receives out of band';
  if (message.credentials !== undefined) yield 'receives with credentials';
  if (message.pidfd !== undefined) yield 'receives with a pidfd';
}

function* ofStream({ size, flags }: Receive, { length, fds }: ReceivedMessage, left: number): Iterable<string> {
  if ((flags & (MSG_PEEK | MSG_OOB)) !== 0) return;
  if (length === size && left > 0) yield 'partial reads';
  if (length < size && left > 0) yield 'reads that a barrier ended';
  if (length > 0 && fds.length === 0 && left === 0) yield 'reads of all there is';
  if (length === 0 && size > 0) yield 'ends of streams';
}
