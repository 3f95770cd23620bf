import type * as dgram from 'node:dgram';
import type * as fs from 'node:fs';
import { Server as NetServer, Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AncillaryError, counted, type DescriptorTable, describeValue, invalidType, OwnedFd } from '../binding';
import { datagramHandle, isDgramSocket } from './dgram-socket';
import { isBeingRead } from './reading-hold';

/** Anything with a descriptor to lend: a number, an OwnedFd, a FileHandle, a stream, a server. */
export type FdLike =
  number | OwnedFd | { readonly fd: number } | fs.ReadStream | fs.WriteStream | NetSocket | NetServer | dgram.Socket;

const MAX_NUMBER = 0x7fffffff;

/** A duplex stream that can say it holds bytes or descriptors which its descriptor no longer does. */
export const heldBack = Symbol('heldBack');

interface HoldingBack {
  [heldBack](): boolean;
}

/** The descriptor that libuv keeps for a net.Socket or net.Server; Node has no public name for it. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null;
}

/**
 * What errors call a descriptor: its place in `fds`, or a name; without, it is the argument `fd`. A function makes a name that
 * costs something where there is an error only.
 */
export type FdName = number | (() => string) | undefined;

/**
 * The number to lend.
 * @param transfer whether the source will be closed afterwards
 * @throws TypeError for what has no descriptor; ERR_FD_CLOSED; ERR_FD_BUSY where the other end would miss bytes or lose
 * a path
 */
export function numberOf(source: FdLike, transfer = false, name?: FdName): number {
  // The usual case, which needs none of what follows.
  if (source instanceof OwnedFd && !source.closed) return source.fd;
  const fd = rawNumber(source, name);
  if (!isNumber(fd)) throw noDescriptor(`${nameOf(name)} is`, source);
  if (fd < 0) {
    throw new AncillaryError('ERR_FD_CLOSED', `${nameOf(name)}, ${describeValue(source)}, ${whyWithout(source)}`);
  }
  if (typeof source !== 'number') refuseBusy(source, transfer, name);
  return fd;
}

/**
 * Refuses what can have no descriptor. One that is closed, or not open yet, passes: only when it is sent is that known.
 * @param what the function that takes it, such as `give() takes`
 * @throws TypeError
 */
export function requireFdLike(what: string, source: unknown): asserts source is FdLike {
  const fd = rawNumber(source, undefined);
  if (!isNumber(fd) || (typeof source === 'number' && fd < 0)) throw noDescriptor(what, source);
}

function isNumber(fd: unknown): fd is number {
  return typeof fd === 'number' && Number.isInteger(fd) && fd <= MAX_NUMBER;
}

function noDescriptor(what: string, source: unknown): TypeError {
  return invalidType(
    `${what} a descriptor: a number, an OwnedFd, or something else that has one, not ${describeValue(source)}`,
  );
}

/** {@link numberOf} for each. */
export function numbersOf(sources: readonly FdLike[], transfer: boolean | readonly boolean[]): number[] {
  let numbers: number[] | undefined;
  // No iterator of entries, which would make an array for each.
  let at = 0;
  for (const source of sources) {
    const given = typeof transfer === 'boolean' ? transfer : transfer[at];
    const number = numberOf(source, given, at++);
    // Mostly there is one, and an array that grows from nothing has room for seventeen.
    if (numbers === undefined) numbers = [number];
    else numbers.push(number);
  }
  return numbers ?? [];
}

/**
 * {@link numbersOf} for bare numbers and OwnedFds, of which there is nothing to look at but the number; undefined where
 * something else is among them.
 */
export function bareNumbersOf(sources: readonly FdLike[]): number[] | undefined {
  let numbers: number[] | undefined;
  for (const source of sources) {
    const number = source instanceof OwnedFd ? source.fd : source;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > MAX_NUMBER) return undefined;
    if (numbers === undefined) numbers = [number];
    else numbers.push(number);
  }
  return numbers ?? [];
}

function nameOf(name: FdName): string {
  if (typeof name === 'function') return name();
  return name === undefined ? 'fd' : `fds[${name}]`;
}

/** Closes the source by its own method; a bare number by close(2). Never throws: it runs on every failure path. */
export function closeSource(source: FdLike, table: DescriptorTable): void {
  try {
    closeByItsMethod(source, table);
  } catch {
    // The frame was sent, or failed for a reason that is reported; this one concerns the source alone.
  }
}

function closeByItsMethod(source: FdLike, table: DescriptorTable): void {
  if (typeof source === 'number') {
    closeNumber(source, table);
    return;
  }
  if (source instanceof OwnedFd) {
    OwnedFd.closeAll([source]);
    return;
  }
  if ('destroy' in source) {
    source.destroy();
    return;
  }
  if ('close' in source && typeof source.close === 'function') {
    // FileHandle.close() gives a promise, and closing twice rejects it: closed is what it should be.
    Promise.resolve((source as { close(): unknown }).close()).catch(() => undefined);
    return;
  }
  if ('fd' in source && source.fd >= 0) closeNumber(source.fd, table);
}

/** One that has an owner is left to that owner, who would otherwise close whatever gets the number next. */
function closeNumber(fd: number, table: DescriptorTable): void {
  try {
    table.own(fd);
  } catch {
    return;
  }
  table.closeAll([fd]);
}

/** Why there is no descriptor. */
function whyWithout(source: unknown): string {
  if (source instanceof OwnedFd) return 'is closed, or taken; pass it while it is open';
  const { pending, destroyed } = Object(source) as { readonly pending?: unknown; readonly destroyed?: unknown };
  if (pending === true && destroyed === false) return "is not open yet; wait for its event 'ready' first";
  if (destroyed === true) return 'is closed; pass it while it is open';
  if (source instanceof NetServer) return "does not listen; pass it between its event 'listening' and close()";
  if (typeof source === 'object' && source !== null && isDgramSocket(source))
    return "is not bound yet, or is closed; pass it after its event 'listening'";
  return 'is closed, or not open yet; pass it while it is open';
}

function rawNumber(source: unknown, name: FdName): unknown {
  if (typeof source !== 'object' || source === null) return source;
  if (source instanceof NetSocket || source instanceof NetServer) {
    const handle = (source as unknown as WithHandle)._handle;
    if (handle !== undefined && handle !== null && handle.fd === undefined) throw hidden(source, name);
    return handle?.fd ?? -1;
  }
  // fs.ReadStream has null until it is open.
  if ('fd' in source) return source.fd ?? -1;
  return isDgramSocket(source) ? datagramNumber(source, name) : undefined;
}

function datagramNumber(source: dgram.Socket, name: FdName): number {
  const handle = datagramHandle(source);
  // Until it is bound there is no descriptor, and libuv says -1.
  if (handle === undefined || (handle !== null && handle.fd === undefined)) throw hidden(source, name);
  return handle?.fd ?? -1;
}

/** By the property that only a tls.TLSSocket has: importing node:tls is a tenth of what importing this package takes. */
export function isTlsSocket(source: object): boolean {
  return source instanceof NetSocket && 'encrypted' in source && source.encrypted === true;
}

function hidden(source: NetSocket | NetServer | dgram.Socket, name: FdName): AncillaryError {
  return new AncillaryError(
    'ERR_FD_PLATFORM',
    `this runtime does not expose the descriptor of ${nameOf(name)}, ${describeValue(source)}, so it cannot be sent; ` +
      'send a number or an OwnedFd, such as that of a socket that was inherited or received',
  );
}

function refuseBusy(source: Exclude<FdLike, number>, transfer: boolean, name: FdName): void {
  const busy = (why: string): AncillaryError =>
    new AncillaryError('ERR_FD_BUSY', `${nameOf(name)}: ${why}. Nothing was sent, and the source is as it was`);
  if (isTlsSocket(source)) {
    throw busy('a TLSSocket cannot be passed: its keys and buffers stay in this process');
  }
  if (source instanceof NetServer) {
    if (transfer && typeof source.address() === 'string') {
      throw busy('closing a server bound to a path removes the path; send it without transfer and keep it open');
    }
    return;
  }
  if (isDgramSocket(source)) {
    const unsent = source.getSendQueueCount();
    if (unsent > 0) throw busy(`${counted(unsent, 'datagram')} of it wait to be sent; wait for the callback of send()`);
    return;
  }
  const { writableLength = 0, readableLength = 0 } = source as Partial<Duplex>;
  if (writableLength > 0) throw busy(`${counted(writableLength, 'byte')} of it wait to be written; wait for 'drain'`);
  const holds = heldBack in source && (source as unknown as HoldingBack)[heldBack]();
  if (isBeingRead(source)) throw busy('it is being read at this moment; pause it, and wait for what was read');
  if (readableLength > 0 || holds) {
    throw busy(
      'it holds bytes or frames that were read or are not sent yet; accept with pauseOnConnect, or consume them first',
    );
  }
}
