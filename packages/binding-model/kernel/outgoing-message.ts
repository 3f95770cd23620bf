import type { ModelSocket } from './model-socket';
import type { OpenFile } from './open-file';
import type { InFlight } from './queued-segment';
import type { Sender } from './sender';
import { type Credentials, KernelError, type SendMessage } from './system-calls';

/** A message whose control messages were checked (docs/kernel.md 14, 16): what the socket has to queue. */
export interface OutgoingMessage {
  readonly bytes: Uint8Array;
  /** Whom the sender said it is. */
  readonly credentials: Credentials | undefined;
  /** Not held yet: no reference is counted before the segment that carries them. */
  readonly files: readonly OpenFile[];
  readonly flags: number;
  readonly sender: Sender;
}

/**
 * Checks the control messages, and looks up the files of the descriptors.
 * @throws EBADF, EINVAL, EMSGSIZE (not on Linux), EPERM, ESRCH
 */
export function resolveMessage(message: SendMessage, sender: Sender): OutgoingMessage {
  const { credentials } = message;
  const { mostFds } = sender.rules;
  if (credentials !== undefined) sender.checkClaim(credentials);
  if ((message.fds?.length ?? 0) > sender.rules.mostLists) throw new KernelError('EINVAL', 'sendmsg');
  const files: OpenFile[] = [];
  for (const list of message.fds ?? []) {
    if ((mostFds.of === 'sendmsg' ? files.length : 0) + list.length > mostFds.count) {
      throw new KernelError(mostFds.errno, 'sendmsg');
    }
    for (const fd of list) files.push(sender.file(fd, 'sendmsg'));
  }
  return { bytes: message.bytes, credentials, files, flags: message.flags ?? 0, sender };
}

/** @throws ETOOMANYREFS when the user had more in flight than allowed before this message (docs/kernel.md 20) */
export function checkInFlight({ files, sender }: OutgoingMessage): void {
  if (files.length === 0 || sender.user.inFlight <= sender.inFlightLimit) return;
  throw new KernelError(sender.rules.tooManyInFlight, 'sendmsg');
}

/** Puts the descriptors in flight: they are references of their own from now on. */
export function putInFlight({ files, sender }: OutgoingMessage): InFlight | undefined {
  if (files.length === 0) return undefined;
  return { files: files.map((file) => file.hold()), user: sender.user };
}

/** Whom the segment says that it is from: the claim, else the sender if either end wants to know. */
export function writerOf(message: OutgoingMessage, from: ModelSocket, to: ModelSocket): Credentials | undefined {
  if (message.credentials !== undefined) return message.credentials;
  return from.tellsWriters || to.tellsWriters ? message.sender.credentials : undefined;
}
