import { types } from 'node:util';
import {
  describeValue,
  invalidType,
  type OptionNames,
  outOfRange,
  requireBytes,
  requireOptions,
  truthful,
  wrongNumber,
} from '../../binding';
import { requireSignal } from '../abort';
import { MAX_FDS_PER_SENDMSG } from './send-queue';
import type { SendOptions, WriteFdsOptions } from './outgoing';

const SEND_OPTIONS: OptionNames<SendOptions> = { transfer: true, signal: true };
const WRITE_OPTIONS: OptionNames<WriteFdsOptions> = { transfer: true };

/** @throws TypeError for options that are none */
export function requireSendOptions(options: SendOptions, fds: readonly unknown[]): void {
  requireOptions('send()', options, SEND_OPTIONS);
  requireTransfer(options.transfer, fds);
  requireSignal(options.signal);
}

/** @throws TypeError for options that are none */
export function requireWriteOptions(options: WriteFdsOptions, fds: readonly unknown[]): void {
  requireOptions('writeFds()', options, WRITE_OPTIONS);
  requireTransfer(options.transfer, fds);
}

/** @throws TypeError, and RangeError for a list that is not as long as the descriptors are */
export function requireTransfer(transfer: unknown, fds: readonly unknown[]): void {
  // What is not quite false would close the caller's descriptors.
  if (transfer === undefined || typeof transfer === 'boolean') return;
  if (!Array.isArray(transfer)) throw invalidType(`transfer is true or false, not ${describeValue(transfer)}`);
  const wrong = transfer.findIndex((each) => typeof each !== 'boolean');
  if (wrong !== -1) throw invalidType(`transfer[${wrong}] is true or false, not ${describeValue(transfer[wrong])}`);
  if (transfer.length !== fds.length)
    throw outOfRange(`transfer has ${transfer.length} elements, one for each of the ${fds.length} in fds`);
}

/** @throws TypeError for what is no function, if anything; Node's http gives null where it has none */
export function requireCallback(callback: unknown): void {
  if (callback === undefined || callback === null || typeof callback === 'function') return;
  throw invalidType(`callback is a function, not ${describeValue(callback)}`);
}

/** A string as UTF-8. @throws TypeError for what is neither bytes nor a string */
export function asBytes(bytes: unknown): Uint8Array {
  if (typeof bytes === 'string') return Buffer.from(bytes);
  if (types.isUint8Array(bytes)) return bytes;
  throw invalidType(`bytes is a Uint8Array, such as a Buffer, or a string, not ${describeValue(bytes)}`);
}

/** What a codec returned, in one piece or several. @throws TypeError for what is neither */
export function requirePieces(bytes: unknown): Uint8Array | readonly Uint8Array[] {
  if (!Array.isArray(bytes)) return asBytes(bytes);
  // Spread: map() would pass over a hole, which is no piece.
  return [...(bytes as readonly unknown[])].map((piece, index) => {
    requireBytes(`bytes[${index}]`, piece);
    return truthful(piece as Uint8Array);
  });
}

/** @throws RangeError */
export function requireFdsPerSend(fdsPerSend: unknown): void {
  if (fdsPerSend === undefined) return;
  if (Number.isSafeInteger(fdsPerSend) && Number(fdsPerSend) > 0 && Number(fdsPerSend) <= MAX_FDS_PER_SENDMSG) return;
  throw wrongNumber('codec.fdsPerSend is a number of descriptors from 1 to 253', fdsPerSend);
}
