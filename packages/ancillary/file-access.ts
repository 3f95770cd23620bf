import { close, fstatSync, open, read, write, writev } from 'node:fs';
import { errnoName, OwnedFd, systemError } from '../binding';
import { addon, nativeBinding } from '../binding-native';

/*
 * Deno's node:fs refuses every descriptor that it did not open itself (denoland/deno#6529). What stands here does the
 * same for such descriptors by other means, so that one that was received can be used there, too.
 */

const nodes = { open, read, write, writev, close };

type Owner = () => OwnedFd;
type Close = (fd: number, callback: (error?: Error | null) => void) => void;

/** What streams take as their option `fs`. */
export type FileFunctions = Omit<typeof nodes | typeof throughAddon, 'close'> & { readonly close: Close };

/** For the option `fs` of streams of this descriptor: Node's own functions where they take it. */
export function functionsFor(fd: number): FileFunctions {
  // Not by trying, where it is known: fstat of a file that the peer serves takes as long as the peer likes.
  if (process.versions['deno'] === undefined) return nodes;
  try {
    fstatSync(fd);
  } catch {
    if (nativeBinding.descriptors.isOpen(fd)) return throughAddon;
  }
  return nodes;
}

/** Closes what was read: what a peer sent as {@link OwnedFd.close} does, by a thread of the package. */
export function closeOwner(owner: Owner): Close {
  return (_fd, callback) => {
    try {
      owner().close();
      callback(null);
    } catch (error) {
      callback(error as Error);
    }
  };
}

/** Closes what was written: some file systems say only then that it did not reach them. */
export function closeWritten(owner: Owner): Close {
  return (fd, callback) => {
    try {
      owner().take();
    } catch (error) {
      callback(error as Error);
      return;
    }
    addon.closeFile(fd, (result) => callback(result < 0 ? systemError(errnoName(-result), 'close') : null));
  };
}

type Transferred = (error: Error | null, count?: number, buffer?: Buffer) => void;

/** What streams need of node:fs, by means of the addon. */
export const throughAddon = {
  open(): never {
    throw new Error('the stream has a descriptor already');
  },

  // The position is null or undefined: reading and writing go on where the file stands.
  read(fd: number, buffer: Buffer, offset: number, length: number, _position: unknown, callback: Transferred): void {
    addon.readFile(fd, buffer.subarray(offset, offset + length), (result) => report(result, 'read', buffer, callback));
  },

  write(fd: number, buffer: Buffer, offset: number, length: number, _position: unknown, callback: Transferred): void {
    addon.writeFile(fd, buffer.subarray(offset, offset + length), (result) =>
      report(result, 'write', buffer, callback),
    );
  },

  close(fd: number, callback: (error?: Error | null) => void): void {
    try {
      OwnedFd.adopt(fd).close();
      callback(null);
    } catch (error) {
      callback(error as Error);
    }
  },
};

function report(result: number, syscall: string, buffer: Buffer, callback: Transferred): void {
  if (result < 0) callback(systemError(errnoName(-result), syscall));
  else callback(null, result, buffer);
}
