import { createReadStream, createWriteStream, type ReadStream, type WriteStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { FdKind, OwnedFd } from '../binding';
import type { FdInfo } from './describe-fd';
import { closeOwner, closeWritten, type FileFunctions, functionsFor } from './file-access';
import { PolledFd } from './polled-fd';
import { PolledReadable, PolledWritable } from './polled-streams';
import { handOver, requireKind, takeOver, wrongKind } from './require-kind';

/** A Readable that owns a descriptor: an fs.ReadStream, or one that waits on the event loop. */
export interface FdReadable extends Readable {
  /** To lend out. */
  readonly fd: number;
}

/** A Writable that owns a descriptor: an fs.WriteStream, or one that waits on the event loop. */
export interface FdWritable extends Writable {
  /** To lend out. */
  readonly fd: number;
}

interface FileOptions {
  readonly fs: FileFunctions;
  readonly fd: number;
  readonly autoClose: true;
}

const STREAMABLE: readonly FdKind[] = ['file', 'memfd', 'pipe', 'character-device', 'block-device', 'eventfd'];

/**
 * Makes a stream that reads on from where the file stands; takes the descriptor over as {@link toSocket} does. A pipe, an eventfd or a
 * terminal is waited for on the event loop; O_NONBLOCK, which is also its sender's, stays as it is and does not matter.
 */
export function toReadStream(fd: number | OwnedFd): FdReadable {
  const info = requireKind(fd, STREAMABLE, 'a Readable');
  if (info.access === 'write') throw wrongKind(info, 'a Readable', 'it is open for writing only');
  const polled = mayWait(info) ? PolledFd.of(fd, 'read') : undefined;
  if (polled !== undefined) return new PolledReadable(polled);
  return ofFile(fd, closeOwner, (options) => withFd(createReadStream('', options)));
}

/**
 * Makes a stream that writes on from where the file stands; takes the descriptor over as {@link toSocket} does. A pipe, an eventfd or a
 * terminal is waited for as by {@link toReadStream}.
 */
export function toWriteStream(fd: number | OwnedFd): FdWritable {
  const info = requireKind(fd, STREAMABLE, 'a Writable');
  if (info.access === 'read') throw wrongKind(info, 'a Writable', 'it is open for reading only');
  const polled = mayWait(info) ? PolledFd.of(fd, 'write') : undefined;
  if (polled !== undefined) return new PolledWritable(polled);
  return ofFile(fd, closeWritten, (options) => withFd(createWriteStream('', options)));
}

/** A stream over an OwnedFd, which stays in the ledger until the stream closes it, and so is closed with its worker. */
function ofFile<Made>(fd: number | OwnedFd, closing: typeof closeOwner, make: (options: FileOptions) => Made): Made {
  // What Node's fs opened as a number in a worker, Node closes with that; it must be told by its own function of any close before.
  if (typeof fd === 'number') return handOver(fd, () => make({ fs: functionsFor(fd), fd, autoClose: true }));
  const functions = { ...functionsFor(fd.fd), close: closing(() => owned) };
  const made = make({ fs: functions, fd: fd.fd, autoClose: true });
  const owned = takeOver(fd);
  return made;
}

/** Of devices, the kernel says which: /dev/null never does. */
function mayWait({ kind }: FdInfo): boolean {
  return kind === 'pipe' || kind === 'character-device' || kind === 'eventfd';
}

/** Node's types leave it out. */
function withFd<Stream extends ReadStream | WriteStream>(stream: Stream): Stream & { readonly fd: number } {
  return stream as Stream & { readonly fd: number };
}
