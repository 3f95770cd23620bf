import { invalidType, invalidValue, outOfRange } from './argument-errors';
import { requireCount, requireFunction, requireObject } from './require-values';

// Arguments may come from a program that no compiler has checked. They are checked once, where a call begins and before
// it does anything; the rules behind it trust them.

const TYPES: readonly unknown[] = ['stream', 'seqpacket', 'dgram'];
/** Of any realm, which instanceof does not know. */
const UINT8_ARRAY = '[object Uint8Array]';
const HOWS: readonly unknown[] = ['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'];

/** @throws TypeError */
export function requireSocketType(type: unknown): void {
  if (!TYPES.includes(type)) throw invalidValue(`a socket's type is one of ${TYPES.join(', ')}, not ${String(type)}`);
}

/** @throws TypeError */
export function requireFile(identity: unknown, released: unknown): void {
  if (typeof identity !== 'string') throw invalidType(`the name of a file is a string, not ${String(identity)}`);
  if (released !== undefined) requireFunction(released, 'released');
}

/** @throws TypeError, RangeError */
export function requireSendMessage(message: unknown): void {
  const { bytes, fds, credentials, flags } = fieldsOf(message, 'a message is an object { bytes }');
  if (tagOf(bytes) !== UINT8_ARRAY) throw invalidType(`bytes is a Uint8Array, not ${tagOf(bytes)}`);
  if (fds !== undefined) requireRights(fds);
  if (credentials !== undefined) {
    const ids = fieldsOf(credentials, 'credentials is an object { pid, uid, gid }');
    for (const name of ['pid', 'uid', 'gid']) requireCount(ids[name], `credentials.${name}`);
  }
  if (flags !== undefined) requireCount(flags, 'flags');
}

/** @throws TypeError, RangeError */
export function requireReceiveRequest(request: unknown): void {
  const { size, controlLength, flags } = fieldsOf(request, 'a request is an object { size, controlLength }');
  requireCount(size, 'size');
  requireCount(controlLength, 'controlLength');
  if (flags !== undefined) requireCount(flags, 'flags');
}

/** @throws TypeError, RangeError, for what is no `int` */
export function requireOptionValue(value: unknown): void {
  if (typeof value !== 'number') throw invalidType(`the value of an option is a number, not ${String(value)}`);
  if (value !== (value | 0)) throw outOfRange(`the value of an option is an integer of 32 bits, not ${value}`);
}

export function isShutdownHow(how: unknown): boolean {
  return HOWS.includes(how);
}

function requireRights(lists: unknown): void {
  const rule = 'fds has one list of descriptors per SCM_RIGHTS message, such as [[3, 4]]';
  if (!Array.isArray(lists)) throw invalidType(`${rule}, and is not ${String(lists)}`);
  for (const list of lists as readonly unknown[]) {
    if (!Array.isArray(list)) throw invalidType(`${rule}, and not ${String(list)} itself`);
    for (const fd of list as readonly unknown[]) {
      if (typeof fd !== 'number') throw invalidType(`a descriptor in fds is a number, not ${String(fd)}`);
    }
  }
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

function fieldsOf(value: unknown, rule: string): Readonly<Record<string, unknown>> {
  requireObject(value, rule);
  return value as Readonly<Record<string, unknown>>;
}
