import fs from 'node:fs';
import type { OwnedFd } from '../binding';
import type { FdKind } from './describe-fd';
import { functionsFor } from './file-access';
import { handOver, requireKind, wrongKind } from './require-kind';

const STREAMABLE: readonly FdKind[] = ['file', 'memfd', 'pipe', 'character-device', 'block-device'];

/** Makes a stream that reads on from where the file stands; takes the descriptor over as {@link toSocket} does. */
export function toReadStream(fd: number | OwnedFd): fs.ReadStream {
  const info = requireKind(fd, STREAMABLE, 'an fs.ReadStream');
  if (info.access === 'write') throw wrongKind(info, 'an fs.ReadStream', 'it is open for writing only');
  const functions = functionsFor(info.fd);
  return handOver(fd, (number) => fs.createReadStream('', { ...functions, fd: number, autoClose: true }));
}

/** Makes a stream that writes on from where the file stands; takes the descriptor over as {@link toSocket} does. */
export function toWriteStream(fd: number | OwnedFd): fs.WriteStream {
  const info = requireKind(fd, STREAMABLE, 'an fs.WriteStream');
  if (info.access === 'read') throw wrongKind(info, 'an fs.WriteStream', 'it is open for reading only');
  const functions = functionsFor(info.fd);
  return handOver(fd, (number) => fs.createWriteStream('', { ...functions, fd: number, autoClose: true }));
}
