import { type OptionNames, type OwnedFd, requireBoolean, requireOptions } from '../binding';
import { addon, checked, nativeBinding } from '../binding-native';
import { FdSocket, type FdSocketOptions, SOCKET_OPTIONS } from '../stream';

export interface SocketpairOptions extends FdSocketOptions {
  /** Make the second end a descriptor for a child to inherit, in blocking mode, instead of an FdSocket. Default false. */
  child?: boolean | undefined;
}

const OPTIONS: OptionNames<SocketpairOptions> = { ...SOCKET_OPTIONS, child: true };

/**
 * Two sockets connected to each other. With `child`, the second is an OwnedFd in blocking mode, as programs expect that know
 * nothing of Node: start the child with `stdio: [0, 1, 2, end.fd]`, then close it here. A child in Node can adopt() it.
 * @throws EMFILE; TypeError and RangeError for options
 */
export function socketpair(options: SocketpairOptions & { child: true }): [FdSocket, OwnedFd];
export function socketpair(options?: SocketpairOptions & { child?: false | undefined }): [FdSocket, FdSocket];
export function socketpair(options?: SocketpairOptions): [FdSocket, FdSocket | OwnedFd];
export function socketpair(options: SocketpairOptions = {}): [FdSocket, FdSocket | OwnedFd] {
  requireOptions('socketpair()', options, OPTIONS);
  requireBoolean('child', options.child);
  const { child = false, ...ofSockets } = options;
  const [left, right] = nativeBinding.socketpair();
  const made: FdSocket[] = [];
  try {
    if (child) checked(addon.setBlocking(right.fd), 'fcntl');
    const first = FdSocket.wrap(nativeBinding, left, ofSockets);
    made.push(first);
    return [first, child ? right : FdSocket.wrap(nativeBinding, right, ofSockets)];
  } catch (error) {
    for (const socket of made) socket.destroy();
    left.close();
    right.close();
    throw error;
  }
}
