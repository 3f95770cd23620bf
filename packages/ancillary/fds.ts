import {
  describeValue,
  invalidType,
  invalidValue,
  type OptionNames,
  OwnedFd,
  requireBoolean,
  requireOptions,
  wrongNumber,
} from '../binding';
import { addon, checked, nativeBinding } from '../binding-native';
import { seal } from './seals';
import { type FdLike, MAX_FDS_PER_SENDMSG, numberOf } from '../stream';

export type { FdKind } from '../binding';
export { describeFd, type FdInfo } from './describe-fd';
export { expectFd, type FdDemands, type SizeBounds } from './expect-fd';
export { type Seal, seal } from './seals';
export { type FdReadable, type FdWritable, toReadStream, toWriteStream } from './file-streams';
export { toServer, toSocket, type ToSocketOptions } from './net-objects';

/** The most descriptors one sendmsg carries (docs/kernel.md 14). */
export const SCM_MAX_FD = MAX_FDS_PER_SENDMSG;

/** A pipe: what is written to the second is read from the first. Close-on-exec. @throws EMFILE */
export function pipe(): [OwnedFd, OwnedFd] {
  const pair = new Int32Array(2);
  checked(addon.pipe(pair), 'pipe2');
  return [ofLedger(pair[0]), ofLedger(pair[1])];
}

const NOTHING = new Uint8Array();
const MOST_INITIAL = 0xffff_ffff;

export interface MemfdOptions {
  /** Seal it, so that neither size nor content can change any more and a receiver can map it without fear. */
  seal?: boolean | undefined;
}

const MEMFD_OPTIONS: OptionNames<MemfdOptions> = { seal: true };

/**
 * An anonymous file in memory with the data given, or of so many zero bytes, positioned at its start. Close-on-exec.
 * @param name for /proc only; need not be unique
 * @param content bytes, or how many there are: memory for them is taken as they are written
 * @throws TypeError, for a name with a zero byte too; RangeError; EMFILE, ENOMEM; EINVAL for a name longer than 249 bytes; EFBIG
 */
export function memfd(name: string, content: Uint8Array | number = NOTHING, options: MemfdOptions = {}): OwnedFd {
  if (typeof name !== 'string') throw invalidType(`a memfd's name is a string, not ${describeValue(name)}`);
  // memfd_create(2) would take the part before it for the whole name.
  if (name.includes('\0')) throw invalidValue(`name is a string without a zero byte, not ${describeValue(name)}`);
  requireOptions('memfd()', options, MEMFD_OPTIONS);
  requireBoolean('seal', options.seal);
  // Options in its place would give an empty file, and no seal.
  if (typeof content !== 'number' && !(content instanceof Uint8Array)) {
    throw invalidType(
      `the data of memfd() is a Uint8Array such as Buffer.from(text), or a number of bytes, not ${describeValue(content)}`,
    );
  }
  const [data, size] = typeof content === 'number' ? [NOTHING, content] : [content, content.length];
  if (!Number.isSafeInteger(size) || size < 0) throw wrongNumber('the size of a memfd is a number of bytes', size);
  const fd = ofLedger(checked(addon.memfd(name, true, data, size), 'memfd_create'));
  try {
    if (options.seal === true) seal(fd);
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

export interface EventfdOptions {
  /** Each read takes 1 off the count, and not all of it. */
  semaphore?: boolean | undefined;
  /** Reading a count of 0 is EAGAIN at once, for all who have the descriptor; default false, as of pipes. */
  nonBlocking?: boolean | undefined;
}

const EVENTFD_OPTIONS: OptionNames<EventfdOptions> = { semaphore: true, nonBlocking: true };

/**
 * A count that wakes whoever waits for it (eventfd(2)), such as a queue of a virtual machine. 8 bytes in the order of the machine
 * are written to add to it, and read to take it and begin at 0 again. `toReadStream()` waits for it. Close-on-exec.
 * @param initial the count at first, from 0 to 2^32 - 1
 * @throws TypeError and RangeError; EMFILE
 */
export function eventfd(initial = 0, options: EventfdOptions = {}): OwnedFd {
  if (!Number.isInteger(initial) || initial < 0 || initial > MOST_INITIAL)
    throw wrongNumber('initial is a count from 0 to 2^32 - 1', initial);
  requireOptions('eventfd()', options, EVENTFD_OPTIONS);
  const { semaphore = false, nonBlocking = false } = options;
  requireBoolean('semaphore', semaphore);
  requireBoolean('nonBlocking', nonBlocking);
  return ofLedger(checked(addon.eventfd(initial, semaphore, nonBlocking), 'eventfd'));
}

/** A second descriptor of the same open file, close-on-exec; the source is borrowed. @throws EBADF, EMFILE */
export function dup(source: FdLike): OwnedFd {
  return OwnedFd.ofLedger(nativeBinding.descriptors.dup(numberOf(source)), nativeBinding.descriptors);
}

function ofLedger(fd: number | undefined): OwnedFd {
  return OwnedFd.ofLedger(fd ?? -1, nativeBinding.descriptors);
}
