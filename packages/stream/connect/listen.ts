import {
  type BoundAddress,
  describeValue,
  type ListeningBinding,
  outOfRange,
  OwnedFd,
  type SocketBinding,
  systemError,
} from '../../binding';
import { type Address, boundAddress, showAddress } from './address';
import { type BoundPath, bindPath, unbindPath } from './bind-path';
import { FdServer, type ListenOptions } from './fd-server';
import { receiveLimits } from '../socket/options';
import { throwIfAborted } from '../abort';

/** An address to listen at, with the path's permissions (default 0o600), or a socket that is listening already. */
export type ListenAddress = Address | { readonly path: string; readonly mode?: number } | { readonly fd: number };

const DEFAULT_MODE = 0o600;
const DEFAULT_BACKLOG = 511;

/**
 * Listens for connections. The options for sockets hold for each that is accepted.
 * @throws EADDRINUSE where a live server answers, or where there is something that is not a socket; ERR_FD_KIND for an
 * inherited descriptor that is not a listening Unix stream socket (it stays open); AbortError; system errors
 */
export async function listen(
  binding: SocketBinding & ListeningBinding,
  address: ListenAddress,
  options: ListenOptions = {},
): Promise<FdServer> {
  receiveLimits(options);
  const { signal, backlog = DEFAULT_BACKLOG } = options;
  throwIfAborted(signal);
  if (typeof address === 'object' && 'fd' in address) return inherited(binding, address.fd, options);

  const target = boundAddress(address);
  const socket = binding.socket();
  let bound: BoundPath | undefined;
  try {
    if ('path' in target) bound = await bindPath(binding, socket, target.path, modeOf(address), backlog, signal);
    else bindAbstract(binding, socket, target, backlog);
    // It may have been aborted while the directory's lock was waited for.
    throwIfAborted(signal);
    const path = bound;
    return new FdServer(binding, socket, target, options, () => {
      if (path !== undefined) unbindPath(path);
    });
  } catch (error) {
    if (bound !== undefined) unbindPath(bound);
    socket.close();
    throw error;
  }
}

/** A socket that somebody else bound, such as systemd (LISTEN_FDS): its path is not ours to remove. */
function inherited(binding: SocketBinding & ListeningBinding, fd: number, options: ListenOptions): FdServer {
  const socket = OwnedFd.adopt(fd);
  try {
    return new FdServer(binding, socket, undefined, options, () => undefined);
  } catch (error) {
    if (!socket.closed) socket.take();
    throw error;
  }
}

function bindAbstract(binding: ListeningBinding, socket: OwnedFd, target: BoundAddress, backlog: number): void {
  const refusal = binding.bind(socket, target);
  if (refusal !== undefined) throw systemError(refusal, 'bind', showAddress(target));
  const failure = binding.listen(socket, backlog);
  if (failure !== undefined) throw systemError(failure, 'listen', showAddress(target));
}

function modeOf(address: ListenAddress): number {
  const mode = typeof address === 'object' && 'mode' in address ? (address.mode ?? DEFAULT_MODE) : DEFAULT_MODE;
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o777) return mode;
  throw outOfRange(`mode is an integer from 0 to 0o777, not ${describeValue(mode)}`);
}
