import { type ListeningBinding, OwnedFd, requireOptions, type SocketBinding } from '../../binding';
import { asError } from '../abort';
import { FdSocket } from '../socket/fd-socket';
import { type Address, ADDRESS_FORMS, boundAddress, requireAddress } from './address';
import { CONNECT_OPTIONS, type ConnectOptions, requireConnectOptions } from './connect-options';
import { ConnectionAttempt } from './connection-attempt';

/**
 * Connects to a listening Unix stream socket.
 * @throws AbortError; ETIMEDOUT; system errors of connect(2); TypeError and RangeError for options
 */
export function connect(
  binding: SocketBinding & ListeningBinding,
  address: Address,
  options: ConnectOptions = {},
): Promise<FdSocket> {
  // What the executor throws is a rejection.
  return new Promise((resolve, reject) => {
    requireConnectArguments(address, options);
    const target = boundAddress(address);
    const connected = (socket: OwnedFd): void => {
      try {
        resolve(FdSocket.wrap(binding, socket, options));
      } catch (error) {
        OwnedFd.closeAll([socket]);
        reject(asError(error));
      }
    };
    new ConnectionAttempt(binding, target, options, { connected, failed: reject }).start();
  });
}

/** What {@link connect} takes, before there is anything to connect for. @throws TypeError and RangeError */
export function requireConnectArguments(address: Address, options: ConnectOptions): void {
  requireAddress(address, ADDRESS_FORMS);
  boundAddress(address);
  requireOptions('connect()', options, CONNECT_OPTIONS);
  requireConnectOptions(options);
}
