import { invalidType, invalidValue, outOfRange } from '../binding';
import { requireCount, requireKeys, requireObject } from './kernel/require-values';

/** What can go wrong in a recvmsg. */
export const RECEIVE_FAULTS = ['short-read', 'eagain', 'eintr', 'emfile', 'lost', 'reset', 'eof'] as const;
/** The same for a sendmsg. */
export const SEND_FAULTS = ['short-write', 'eagain', 'eintr', 'etoomanyrefs', 'reset'] as const;

export type ReceiveFault = (typeof RECEIVE_FAULTS)[number];
export type SendFault = (typeof SEND_FAULTS)[number];

/**
 * What can go wrong. The first five are the kernel's everyday business: a program that uses sockets rightly does not
 * notice them, but for the time they take.
 *
 * - `'short-read'`: a recvmsg returns one byte of those that are there.
 * - `'short-write'`: a sendmsg takes a part of its bytes, with all of its descriptors.
 * - `'eagain'`: a call is refused, and the socket is ready again soon.
 * - `'eintr'`: a call is interrupted by a signal, and made again.
 * - `'etoomanyrefs'`: a sendmsg with descriptors is refused because too many are in flight (docs/kernel.md 20); on
 *   `'darwin'` with EMSGSIZE. It is tried again on the model's clock.
 * - `'emfile'`: the receiving process has no free descriptor numbers, so descriptors that arrive are lost
 *   (docs/kernel.md 8, 24): ERR_FD_TRUNCATED, or a frame that is marked `truncated`.
 * - `'lost'`: descriptors on their way are gone that no process has any more, for their sender closed its own (docs/kernel.md
 *   25): ERR_FD_MISSING, where frames say how many they have. It happens on `'darwin'` alone.
 * - `'reset'`: the connection breaks. A recvmsg fails with ECONNRESET, a sendmsg with EPIPE, and what was on its way to
 *   this socket is lost.
 * - `'eof'`: the peer is gone, and a recvmsg returns the end of the stream, although more had been sent.
 */
export type FaultName = ReceiveFault | SendFault;

/** A fault at one place. It happens once. */
export interface Fault {
  readonly what: FaultName;
  /**
   * Where: in front of the byte at this offset (a number, or `byte`) of what the socket receives, or sends; or in a
   * system call (`message`) by its number, counted from 0 for each socket and for recvmsg and sendmsg apart. Calls end
   * in front of such a byte, so that it can happen there.
   *
   * `'emfile'` and `'etoomanyrefs'` are about descriptors: they wait, from there on, for the first call that has some.
   */
  readonly at: number | { readonly byte: number } | { readonly message: number };
  /** Which socket of the pair; default: the one that gets there first. */
  readonly socket?: 0 | 1 | undefined;
  /** In which call, of faults that can happen in both; default: the one that gets there first. */
  readonly call?: 'recvmsg' | 'sendmsg' | undefined;
  /** Of `'emfile'`: how many descriptor numbers are free all the same, so that as many arrive. Default 0. */
  readonly free?: number | undefined;
}

/** Faults everywhere: each system call has this chance of one, but never two in a row on one socket. */
export interface FaultRate {
  /** From 0 to 1. */
  readonly rate: number;
  /** Default: those that a program has to bear without noticing: the first five of {@link FaultName}. */
  readonly what?: readonly FaultName[] | undefined;
}

/** A list of single faults, or a rate from 0 to 1. */
export type Faults = readonly Fault[] | FaultRate | number;

const HARMLESS: readonly FaultName[] = ['short-read', 'short-write', 'eagain', 'eintr', 'etoomanyrefs'];
const NAMES: readonly string[] = [...new Set<string>([...RECEIVE_FAULTS, ...SEND_FAULTS])];

const OF_FAULT: Record<keyof Fault, true> = { what: true, at: true, socket: true, call: true, free: true };
const OF_RATE: Record<keyof FaultRate, true> = { rate: true, what: true };

/** @throws TypeError and RangeError that say which fault is wrong, and how */
export function requireFaults(faults: Faults): { list: readonly Fault[]; rate: number; what: readonly FaultName[] } {
  if (isList(faults)) {
    faults.forEach((fault, index) => requireFault(fault, `faults[${index}]`));
    return { list: faults, rate: 0, what: [] };
  }
  if (typeof faults !== 'number') {
    requireObject(faults, 'faults is a list of faults, a rate, or { rate, what }');
    requireKeys(faults, OF_RATE, 'faults');
  }
  const { rate, what = HARMLESS } = typeof faults === 'number' ? { rate: faults } : faults;
  if (typeof rate !== 'number') throw invalidType(`the rate of faults is a number, not ${String(rate)}`);
  if (!(rate >= 0 && rate <= 1)) throw outOfRange(`the rate of faults is from 0 to 1, not ${rate}`);
  if (!Array.isArray(what)) throw invalidType(`faults.what is a list of names, not ${String(what)}`);
  what.forEach((name, index) => requireName(name, `faults.what[${index}]`));
  return { list: [], rate, what };
}

function requireFault(fault: Fault, name: string): void {
  requireObject(fault, `${name} is an object { what, at }`);
  requireKeys(fault, OF_FAULT, name);
  const { what, at, socket, call, free } = fault;
  requireName(what, `${name}.what`);
  requirePlace(at, `${name}.at`);
  if (socket !== undefined && ![0, 1].includes(socket)) {
    throw invalidValue(`${name}.socket is 0 or 1, not ${String(socket)}`);
  }
  if (call !== undefined && !['recvmsg', 'sendmsg'].includes(call)) {
    throw invalidValue(`${name}.call is recvmsg or sendmsg, not ${call as string}`);
  }
  if (call !== undefined && !namesOf(call).includes(what)) {
    throw invalidValue(`${name}: '${what}' cannot happen in ${call}, which has ${namesOf(call).join(', ')}`);
  }
  if (free !== undefined && what !== 'emfile') throw invalidValue(`${name}: only 'emfile' has 'free', not '${what}'`);
  if (free !== undefined) requireCount(free, `${name}.free`);
}

function requirePlace(at: Fault['at'] | null | undefined, name: string): void {
  if (typeof at === 'number') requireCount(at, name);
  else if (typeof at !== 'object' || at === null) {
    throw invalidType(`${name} is the offset of a byte, { byte } or { message }, not ${String(at)}`);
  } else if ('byte' in at && 'message' in at) throw invalidValue(`${name} has either 'byte' or 'message', not both`);
  else if ('byte' in at) requireCount(at.byte, `${name}.byte`);
  else if ('message' in at) requireCount(at.message, `${name}.message`);
  else throw invalidValue(`${name} has neither 'byte' nor 'message'`);
}

function requireName(what: unknown, name: string): void {
  if (typeof what === 'string' && NAMES.includes(what)) return;
  throw invalidValue(`${name} is one of ${NAMES.join(', ')}, not ${String(what)}`);
}

function namesOf(call: 'recvmsg' | 'sendmsg'): readonly FaultName[] {
  return call === 'recvmsg' ? RECEIVE_FAULTS : SEND_FAULTS;
}

function isList(faults: Faults): faults is readonly Fault[] {
  return Array.isArray(faults);
}
