import {
  describeValue,
  invalidType,
  invalidValue,
  type OptionNames,
  OwnedFd,
  requireBoolean,
  requireOptions,
} from '../binding';
import { addon, checked, nativeBinding } from '../binding-native';
import { type FdLike, MAX_FDS_PER_SENDMSG, numberOf } from '../stream';

export { describeFd, type FdInfo, type FdKind } from './describe-fd';
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

export interface MemfdOptions {
  /** Seal it, so that neither size nor content can change any more and a receiver can map it without fear. */
  seal?: boolean | undefined;
}

const MEMFD_OPTIONS: OptionNames<MemfdOptions> = { seal: true };

/**
 * An anonymous file in memory with the data given, positioned at its start. Close-on-exec.
 * @param name for /proc only; need not be unique
 * @throws TypeError, for a name with a zero byte too; EMFILE, ENOMEM; EINVAL for a name longer than 249 bytes
 */
export function memfd(name: string, data?: Uint8Array, options: MemfdOptions = {}): OwnedFd {
  if (typeof name !== 'string') throw invalidType(`a memfd's name is a string, not ${describeValue(name)}`);
  // memfd_create(2) would take the part before it for the whole name.
  if (name.includes('\0')) throw invalidValue(`name is a string without a zero byte, not ${describeValue(name)}`);
  requireOptions('memfd()', options, MEMFD_OPTIONS);
  requireBoolean('seal', options.seal);
  // Options in its place would give an empty file, and no seal.
  if (data !== undefined && !(data instanceof Uint8Array)) {
    throw invalidType(`data is a Uint8Array such as Buffer.from(text), not ${describeValue(data)}`);
  }
  const fd = ofLedger(checked(addon.memfd(name, true, data ?? new Uint8Array()), 'memfd_create'));
  try {
    if (options.seal === true) {
      const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = addon.constants;
      checked(addon.addSeals(fd.fd, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 'fcntl');
    }
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** A second descriptor of the same open file, close-on-exec; the source is borrowed. @throws EBADF, EMFILE */
export function dup(source: FdLike): OwnedFd {
  return OwnedFd.ofLedger(nativeBinding.descriptors.dup(numberOf(source)), nativeBinding.descriptors);
}

function ofLedger(fd: number | undefined): OwnedFd {
  return OwnedFd.ofLedger(fd ?? -1, nativeBinding.descriptors);
}
