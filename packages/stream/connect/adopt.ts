import { Socket as NetSocket } from 'node:net';
import {
  AncillaryError,
  counted,
  describeValue,
  invalidType,
  OwnedFd,
  requireOptions,
  type SocketBinding,
} from '../../binding';
import { isTlsSocket, numberOf } from '../fd-like';
import { FdSocket, type FdSocketOptions } from '../socket/fd-socket';
import { SOCKET_OPTIONS } from '../socket/options';

/**
 * Wraps a connected Unix stream socket that exists already, and takes it over; on failure it stays as it was.
 *
 * A net.Socket must not have read yet, for Node drops the descriptors that come with what it reads (docs/kernel.md 5):
 * accept with `pauseOnConnect`. It is destroyed once its descriptor is taken over.
 *
 * @throws ERR_FD_KIND for anything but a connected Unix stream socket; ERR_FD_BUSY for a net.Socket that is connecting,
 * read, or has unwritten bytes, and for a number that another OwnedFd or FdSocket holds; ERR_FD_CLOSED; EBADF
 */
export function adopt(
  binding: SocketBinding,
  source: number | OwnedFd | NetSocket,
  options: FdSocketOptions = {},
): FdSocket {
  if (typeof source !== 'number' && !(source instanceof OwnedFd) && !(source instanceof NetSocket)) {
    throw invalidType(
      `source is a number, an OwnedFd or a net.Socket, not ${describeValue(source)}${typeof source === 'string' ? '; connect() takes a path' : ''}`,
    );
  }
  requireOptions('adopt()', options, SOCKET_OPTIONS);
  if (source instanceof NetSocket) return adoptNetSocket(binding, source, options);
  if (source instanceof OwnedFd) {
    // Whoever gave it to us may have made others of it.
    source.table.lend?.(numberOf(source, false, () => 'source'));
    return FdSocket.wrap(binding, source, options);
  }
  const owned = OwnedFd.adopt(source);
  try {
    return FdSocket.wrap(binding, owned, options);
  } catch (error) {
    if (!owned.closed) owned.take();
    throw error;
  }
}

function adoptNetSocket(binding: SocketBinding, source: NetSocket, options: FdSocketOptions): FdSocket {
  if (isTlsSocket(source)) throw new AncillaryError('ERR_FD_KIND', 'a TLSSocket is no Unix socket');
  if (source.connecting) {
    throw new AncillaryError('ERR_FD_BUSY', `the net.Socket is still connecting; adopt it after 'connect'`);
  }
  const fd = numberOf(source);
  if (source.bytesRead > 0) {
    throw new AncillaryError(
      'ERR_FD_BUSY',
      `Node has read ${counted(source.bytesRead, 'byte')} of this net.Socket and dropped the descriptors that came with them; ` +
        `accept with net.createServer({ pauseOnConnect: true }), or connect with ancillary's connect()`,
    );
  }
  // libuv watches the original number until it is closed, and would close it under a second owner.
  const duplicate = OwnedFd.ofLedger(binding.descriptors.dup(fd), binding.descriptors);
  let socket: FdSocket | undefined;
  try {
    socket = FdSocket.wrap(binding, duplicate, options);
    source.destroy();
    return socket;
  } catch (error) {
    // A destroy() of the user's own may throw, and nobody has the new socket then.
    socket?.destroy();
    duplicate.close();
    throw error;
  }
}
