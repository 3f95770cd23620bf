import { type ListeningBinding, OwnedFd, requireOptions, type SocketBinding } from '../../binding';
import { asError } from '../abort';
import { lifetime } from '../socket/byte-duplex';
import { FdSocket } from '../socket/fd-socket';
import type { Peer } from '../socket/peer';
import { type Address, ADDRESS_FORMS, boundAddress, requireAddress } from './address';
import { CONNECT_OPTIONS, type ConnectOptions, requireConnectOptions } from './connect-options';
import { ConnectionAttempt } from './connection-attempt';
import { NOT_CONNECT_ADDRESS, NOT_CONNECT_OPTIONS } from './elsewhere';

/**
 * Connects to a listening Unix stream socket.
 * @throws AbortError; ETIMEDOUT; ERR_UNAUTHORIZED where another than expected listens; system errors of connect(2); TypeError
 * and RangeError for options
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
    const connected = (socket: OwnedFd, peer?: Peer): void => {
      try {
        const connection = FdSocket.wrap(binding, socket, options);
        if (peer !== undefined) connection[lifetime].peer = peer;
        resolve(connection);
      } catch (error) {
        peer?.close();
        OwnedFd.closeAll([socket]);
        reject(asError(error));
      }
    };
    new ConnectionAttempt(binding, target, options, { connected, failed: reject }).start();
  });
}

/**
 * What {@link connect} takes, before there is anything to connect for.
 * @param called how the caller's own caller knows the options
 * @throws TypeError and RangeError
 */
export function requireConnectArguments(address: Address, options: ConnectOptions, called = 'options'): void {
  requireAddress(address, ADDRESS_FORMS, NOT_CONNECT_ADDRESS);
  boundAddress(address);
  requireOptions('connect()', options, CONNECT_OPTIONS, { called, elsewhere: NOT_CONNECT_OPTIONS });
  requireConnectOptions(options);
}
