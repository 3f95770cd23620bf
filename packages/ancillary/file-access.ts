import fs from 'node:fs';
import { errnoName, OwnedFd, systemError } from '../binding';
import { addon, nativeBinding } from '../binding-native';

/*
 * Deno's node:fs refuses every descriptor that it did not open itself (denoland/deno#6529). What stands here does the
 * same for such descriptors by other means, so that one that was received can be used there, too.
 */

/** For the option `fs` of streams of this descriptor: nothing where Node's own functions take it. */
export function functionsFor(fd: number): { fs?: typeof throughAddon } {
  // Not by trying, where it is known: fstat of a file that the peer serves takes as long as the peer likes.
  if (process.versions['deno'] === undefined) return {};
  try {
    fs.fstatSync(fd);
  } catch {
    if (nativeBinding.descriptors.isOpen(fd)) return { fs: throughAddon };
  }
  return {};
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
