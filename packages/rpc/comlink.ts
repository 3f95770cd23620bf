import { describeValue, invalidType } from '../binding';
import type { FdSocket } from '../stream';
import { isOfEveryObject } from './frameworks/inherited-names';
import type { Kind, Message } from './frameworks/receiver';
import { ValueChannel } from './frameworks/value-channel';
import { jsonValues, type JsonValuesOptions } from './values/json-values';

/** As much of an event as comlink looks at. */
export interface FdMessageEvent {
  readonly type: 'message';
  readonly data: unknown;
  readonly origin: string;
}

/** A listener as `EventTarget` takes it. */
export type FdEndpointListener = ((event: FdMessageEvent) => void) | { handleEvent(event: FdMessageEvent): void };

/** An `Endpoint` for `expose()` and `wrap()`: one does for both. */
export interface FdEndpoint {
  postMessage(message: unknown, transfer?: readonly object[]): void;
  addEventListener(type: string, listener: FdEndpointListener, options?: object): void;
  removeEventListener(type: string, listener: FdEndpointListener, options?: object): void;
}

/**
 * An endpoint of comlink over a socket, in whose arguments and results values may hold an `OwnedFd`, or `give(fd)`, anywhere.
 * Values are what JSON has, and messages those of `jsonValues()`. What needs a `MessagePort` is refused: `proxy()`, `new` of a
 * remote class, `createEndpoint`.
 *
 * The descriptors of a call are closed when its answer was sent, or when the connection has ended, unless `take()` was called;
 * those of a result are the caller's. When the connection ends, calls that wait are rejected.
 *
 * A peer may reach whatever can be reached from the object that is exposed; what is called `__proto__`, `prototype` or
 * `constructor` breaks the connection with ERR_FRAME_INVALID, and a call that goes through anything else that every object or
 * function has, such as `hasOwnProperty` or `call`, rejects with a TypeError.
 *
 * @param socket is taken over
 * @throws TypeError and RangeError for arguments; ERR_FD_MODE while the socket is read in another way, which goes on
 */
export function fdEndpoint(socket: FdSocket, options?: JsonValuesOptions): FdEndpoint {
  const listeners = new Set<FdEndpointListener>();
  const deliver = (data: unknown): void => {
    const event: FdMessageEvent = { type: 'message', data, origin: '' };
    for (const listener of [...listeners]) {
      if (typeof listener === 'function') listener(event);
      else listener.handleEvent(event);
    }
  };
  const channel = new ValueChannel(socket, jsonValues(options), {
    name: 'fdEndpoint()',
    kindOf,
    nameOf: ({ path }) => (Array.isArray(path) ? path.join('.') : undefined),
    refuses: (message) => (leadsOut(message) ? 'its path leads to what every object has' : unreadable(message)),
    receive(message, kind) {
      deliver(message);
      if (kind !== undefined && 'answer' in kind) channel.claim(message);
    },
    declines: ({ type, path }) => needsPort(type) ?? ofEvery(type, path as readonly string[] | undefined),
    failure: (id, error) => ({ id, ...thrown(error) }),
    lost: (id, error) => deliver({ id, ...thrown(error) }),
    unsent: (id, error) => deliver({ id, ...thrown(error) }),
  });
  channel.listen();

  return {
    postMessage(message, transfer = []) {
      // It does not throw, which not every version expects: whoever calls is told by an answer.
      const refused = transfer.length > 0 ? notTransferred(transfer) : needsPort((message as Message)['type']);
      if (refused === undefined) channel.send(message as Message).catch(() => undefined);
      else {
        for (const each of transfer) closePort(each);
        channel.refuse(message as Message, refused);
      }
    },
    addEventListener(type, listener) {
      if (type === 'message') listeners.add(listener);
    },
    removeEventListener(type, listener) {
      if (type === 'message') listeners.delete(listener);
    },
  };
}

/** A port that goes nowhere would keep the process. */
function closePort(transferred: object): void {
  const { close } = transferred as { readonly close?: unknown };
  if (typeof close === 'function') Reflect.apply(close as () => void, transferred, []);
}

const NO_PORT = 'needs a MessagePort, and none goes through a socket';

/** Calls whose result comlink makes a MessageChannel for. */
const NEED_PORTS: ReadonlyMap<unknown, string> = new Map([
  ['CONSTRUCT', `new ${NO_PORT}: expose an instance of the class, or functions that use one`],
  ['ENDPOINT', `createEndpoint ${NO_PORT}: connect another socket`],
]);

function needsPort(type: unknown): TypeError | undefined {
  const why = NEED_PORTS.get(type);
  return why === undefined ? undefined : invalidType(why);
}

function notTransferred(transfer: readonly object[]): TypeError {
  const other = transfer.find((each) => !(each instanceof MessagePort));
  return invalidType(
    other === undefined
      ? `proxy() ${NO_PORT}: send data, or expose() the object over a socket of its own`
      : `${describeValue(other)} cannot be transferred through a socket: send data, or a memfd with give()`,
  );
}

const CALLS: ReadonlySet<unknown> = new Set(['GET', 'SET', 'APPLY', 'CONSTRUCT', 'ENDPOINT', 'RELEASE']);

function kindOf(message: Message): Kind {
  const { id, type } = message;
  return CALLS.has(type) ? { call: id } : { answer: id, gets: gets(message) };
}

/** Why comlink could not read a message, so that nobody would get what is in it. */
function unreadable(message: Message): string | undefined {
  const { type, value, argumentList } = message;
  if (!CALLS.has(type) && !isWireValue(message)) return 'it is neither a call nor an answer of comlink';
  if (type === 'SET' && !isWireValue(value)) return 'it sets what is no value of comlink';
  // Whoever exposes something looks at those of an answer, too.
  const areValues = argumentList === undefined || (Array.isArray(argumentList) && argumentList.every(isWireValue));
  return areValues ? undefined : 'its arguments are no values of comlink';
}

/** What the program may have given a handler of its own for is not known here; `proxy` has a MessagePort. */
function isWireValue(given: unknown): boolean {
  const { type, name, value } = Object(given) as Message;
  if (type === 'RAW') return true;
  if (type !== 'HANDLER' || typeof name !== 'string' || name === 'proxy') return false;
  return name !== 'throw' || isThrown(value);
}

function isThrown(given: unknown): boolean {
  const { isError, value } = Object(given) as Message;
  if (isError !== true) return isError === false;
  return typeof value === 'object' && value !== null && typeof (value as Message)['message'] === 'string';
}

/** What of an answer whoever called gets. What a handler of the program's makes of its value is not known. */
function gets({ type, name, value }: Message): unknown {
  if (type === 'RAW') return value;
  return name === 'throw' ? (value as Message)['value'] : undefined;
}

/** An answer as comlink has it for what was thrown. */
function thrown({ name, message, code }: Error & { readonly code?: unknown }): object {
  // comlink gives the error whatever members there are.
  return { type: 'HANDLER', name: 'throw', value: { isError: true, value: { name, message, code } } };
}

const ALL_HAVE: ReadonlySet<unknown> = new Set(['__proto__', 'prototype', 'constructor']);

/** `name` and `length` are a function's own, and cannot be set. */
const OF_FUNCTIONS: ReadonlySet<string> = new Set(['apply', 'bind', 'call', 'arguments', 'caller']);

/**
 * What objects and functions inherit is the whole process's: a member of it that a peer sets, such as that of
 * `hasOwnProperty` called `call`, is wrong for all. And `call` would give a method a `this` of the peer's.
 */
function ofEvery(type: unknown, path: readonly string[] = []): TypeError | undefined {
  // A method of the exposed object itself may be called so.
  const isMethod = type !== 'SET' && path.length === 1;
  const name = path.find((each) => isOfEveryObject(each) || (!isMethod && OF_FUNCTIONS.has(each)));
  return name === undefined
    ? undefined
    : invalidType(`${describeValue(name)} is what every object or function has, and no peer gets at it`);
}

function leadsOut({ path }: Message): boolean {
  return (
    path !== undefined &&
    !(Array.isArray(path) && path.every((name) => typeof name === 'string' && !ALL_HAVE.has(name)))
  );
}
