import { types } from 'node:util';
import { describeValue, invalidType, type OptionNames, requireOptions, truthful } from '../../binding';
import { requireSignal } from '../abort';
import type { SendOptions, WriteFdsOptions } from './outgoing';

const SEND_OPTIONS: OptionNames<SendOptions> = { transfer: true, signal: true };
const WRITE_OPTIONS: OptionNames<WriteFdsOptions> = { transfer: true };

/** @throws TypeError for options that are none */
export function requireSendOptions(options: SendOptions): void {
  requireOptions('send()', options, SEND_OPTIONS);
  requireTransfer(options);
  requireSignal(options.signal);
}

/** @throws TypeError for options that are none */
export function requireWriteOptions(options: WriteFdsOptions): void {
  requireOptions('writeFds()', options, WRITE_OPTIONS);
  requireTransfer(options);
}

function requireTransfer({ transfer = false }: { readonly transfer?: unknown }): void {
  // What is not quite false would close the caller's descriptors.
  if (typeof transfer !== 'boolean') throw invalidType(`transfer is true or false, not ${describeValue(transfer)}`);
}

/** @throws TypeError for what is no function, if anything */
export function requireCallback(callback: unknown): void {
  if (callback === undefined || typeof callback === 'function') return;
  throw invalidType(`callback is a function, not ${describeValue(callback)}`);
}

/** A string as UTF-8. @throws TypeError for what is neither bytes nor a string */
export function asBytes(bytes: unknown): Uint8Array {
  if (typeof bytes === 'string') return Buffer.from(bytes);
  if (types.isUint8Array(bytes)) return truthful(bytes);
  throw invalidType(`bytes is a Uint8Array, such as a Buffer, or a string, not ${describeValue(bytes)}`);
}
