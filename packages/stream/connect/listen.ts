import {
  type BoundAddress,
  describeValue,
  invalidType,
  type ListeningBinding,
  outOfRange,
  OwnedFd,
  type SocketBinding,
} from '../../binding';
import { throwIfAborted } from '../abort';
import { type Address, ADDRESS_FORMS, addressError, boundAddress, requireAddress, showAddress } from './address';
import { untilDone } from './attempts';
import { bindPath } from './bind-path';
import type { BoundPath } from './bound-path';
import { NOT_LISTEN_ADDRESS } from './elsewhere';
import { FdServer } from './fd-server';
import { type ListenOptions, requireListenOptions } from './listen-options';
import { PinnedAddress } from './pinned-address';

/** An address to listen at, with the path's permissions (default 0o600), or a socket that is listening already. */
export type ListenAddress =
  Address | { readonly path: string; readonly mode?: number | undefined } | { readonly fd: number };

/** What there is to remove at the end; `'occupied'` where another socket is bound. */
type Bound = BoundPath | undefined | 'occupied';

const FORMS = { ...ADDRESS_FORMS, path: { path: true, mode: true }, fd: { fd: true } } as const;
const DEFAULT_MODE = 0o600;
const DEFAULT_BACKLOG = 511;

/**
 * Listens for connections. The options for sockets hold for each that is accepted.
 * @throws EADDRINUSE where a socket is bound, or where there is something that is not a socket; ETIMEDOUT; ERR_FD_KIND for
 * an inherited descriptor that is not a listening Unix stream socket (it stays open); AbortError; system errors
 */
export async function listen(
  binding: SocketBinding & ListeningBinding,
  address: ListenAddress,
  options: ListenOptions = {},
): Promise<FdServer> {
  requireListenOptions(options);
  const backlog = backlogOf(options);
  const { signal } = options;
  throwIfAborted(signal);
  requireAddress(address, FORMS, NOT_LISTEN_ADDRESS);
  const inherited = inheritedNumber(address);
  if (inherited !== undefined) return listenOn(binding, inherited, options);

  const target = boundAddress(address as Address);
  const mode = modeOf(address);
  using pinned = new PinnedAddress(target);
  const socket = binding.socket();
  let place: BoundPath | undefined;
  try {
    // Connections have it from the listening socket on, before they are accepted. Of an inherited one others may take them.
    if (options.receiveFds === false) binding.refuseFds(socket);
    place = await whenFree(target, options, () => {
      if (pinned.path === undefined) return bindAbstract(binding, socket, target, backlog);
      return bindPath(binding, socket, { address: pinned, path: pinned.path, mode, backlog }, signal);
    });
    // It may have been aborted while the directory's lock was waited for.
    throwIfAborted(signal);
    return FdServer.wrap(binding, socket, target, options, place);
  } catch (error) {
    place?.remove();
    socket.close();
    throw error;
  }
}

/** Binds, or with `retry` waits until it can. @throws EADDRINUSE; ETIMEDOUT; what binding throws */
function whenFree(
  target: BoundAddress,
  { signal, timeout, retry = false }: ListenOptions,
  bind: () => Bound | Promise<Bound>,
): Promise<BoundPath | undefined> {
  let occupied: Error | undefined;
  return untilDone(
    async () => {
      const bound = await bind();
      if (bound !== 'occupied') return bound;
      occupied = addressError('EADDRINUSE', 'bind', target, `a socket is bound to ${showAddress(target)}`);
      throw occupied;
    },
    { signal, timeout },
    (error) => retry && error === occupied,
    (cause) => {
      const detail = `${showAddress(target)} was not free within ${timeout} ms`;
      return addressError('ETIMEDOUT', 'bind', target, detail, { cause });
    },
  );
}

function bindAbstract(binding: ListeningBinding, socket: OwnedFd, target: BoundAddress, backlog: number): Bound {
  const refusal = binding.bind(socket, target);
  if (refusal === 'EADDRINUSE') return 'occupied';
  if (refusal !== undefined) throw addressError(refusal, 'bind', target);
  const failure = binding.listen(socket, backlog);
  if (failure !== undefined) throw addressError(failure, 'listen', target);
  return undefined;
}

/** A socket that somebody else bound, such as systemd (LISTEN_FDS): its path is not ours to remove. */
function listenOn(binding: SocketBinding & ListeningBinding, fd: number, options: ListenOptions): FdServer {
  const socket = OwnedFd.adopt(fd);
  try {
    return FdServer.wrap(binding, socket, undefined, options, undefined);
  } catch (error) {
    if (!socket.closed) socket.take();
    throw error;
  }
}

function inheritedNumber(address: unknown): number | undefined {
  if (typeof address !== 'object' || address === null || !('fd' in address)) return undefined;
  const { fd, close, destroy } = address as Readonly<Partial<Record<'fd' | 'close' | 'destroy', unknown>>>;
  if (typeof close === 'function' || typeof destroy === 'function') {
    const hint = address instanceof OwnedFd ? 'give { fd: fd.take() }' : 'give { fd: fds.dup(it).take() }';
    throw invalidType(`address is { fd }, not ${describeValue(address)}, which closes its descriptor itself; ${hint}`);
  }
  if (typeof fd === 'number') return fd;
  const hint = fd instanceof OwnedFd ? '; hand it over with take()' : '';
  throw invalidType(`address.fd is the number of a descriptor, not ${describeValue(fd)}${hint}`);
}

function modeOf(address: ListenAddress): number {
  const mode: unknown = typeof address === 'object' && 'mode' in address ? address.mode : undefined;
  if (mode === undefined) return DEFAULT_MODE;
  return integer('mode', mode, 0o777, '0o777');
}

function backlogOf({ backlog }: ListenOptions): number {
  return backlog === undefined ? DEFAULT_BACKLOG : integer('backlog', backlog, 0x7fffffff, '2^31 - 1');
}

/** @throws TypeError, RangeError */
function integer(name: string, given: unknown, most: number, shown: string): number {
  const message = `${name} is an integer from 0 to ${shown}, not ${describeValue(given)}`;
  if (typeof given !== 'number') throw invalidType(message);
  if (!Number.isInteger(given) || given < 0 || given > most) throw outOfRange(message);
  return given;
}
