import type { ClientRequest, ServerResponse } from 'node:http';
import {
  AncillaryError,
  describeValue,
  invalidType,
  type OptionNames,
  requireBoolean,
  requireDescriptors,
  requireOptions,
} from '../../binding';
import type { FdLike } from '../../stream';
import { Carried } from '../carried';
import { isAssigned, type Message, MessageFds } from './message-fds';

/** How descriptors are sent with a message of http. */
export interface SendFdsOptions {
  /** Closes each, by its own method, when it was sent, or could not be. */
  readonly transfer?: boolean | undefined;
}

const OPTIONS: OptionNames<SendFdsOptions> = { transfer: true };

/**
 * Sends descriptors with a request of an FdAgent, or with an answer of `serveHttp()`: on the next bytes of the message that are
 * written, which are those of its head if none was written yet. They may be closed as soon as this returns; with `transfer` each
 * is closed, by its own method, when sent or failed. If no byte of the message follows, it is destroyed with ERR_FD_WITHOUT_BYTES.
 * @throws TypeError; RangeError for more than 253; ERR_FD_KIND where the connection carries none; ERR_FD_WITHOUT_BYTES once the
 * message has ended; ERR_FD_CLOSED, ERR_FD_BUSY and EBADF for descriptors. Nothing is sent or closed then
 */
export function sendFds(
  message: ClientRequest | ServerResponse,
  fds: readonly FdLike[],
  options: SendFdsOptions = {},
): void {
  requireDescriptors(fds);
  requireOptions('sendFds()', options, OPTIONS);
  const { transfer = false } = options;
  requireBoolean('transfer', transfer);
  if (typeof (message as ClientRequest | null | undefined)?.flushHeaders !== 'function')
    throw invalidType(`message is a ClientRequest or a ServerResponse, not ${describeValue(message)}`);
  const connection = connectionOf(message);
  if (hasEnded(message, connection)) {
    throw new AncillaryError(
      'ERR_FD_WITHOUT_BYTES',
      'the message has ended, so no byte of it is left to carry descriptors; nothing was closed',
    );
  }
  const waiting = MessageFds.of(message, connection);
  waiting.requireRoom(fds.length);
  // The last that may throw: what is taken over is closed from now on.
  waiting.add(new Carried(fds, transfer));
}

/** Of an answer it is known before the answer has its turn. */
function connectionOf(message: Message): (object & { readonly destroyed?: boolean }) | undefined {
  if (isAssigned(message)) return message.socket ?? undefined;
  const { req } = message as { readonly req?: { readonly socket?: object | null } };
  return req?.socket ?? undefined;
}

function hasEnded(message: Message, connection: { readonly destroyed?: boolean } | undefined): boolean {
  if (message.destroyed || message.writableFinished) return true;
  return isAssigned(message) ? message.writableEnded : connection?.destroyed === true;
}
