import type { ReadStream, WriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import type { OwnedFd } from '../binding';
import type { FdServer, FdSocket } from '../stream';
import type { GivenFd } from './values/given';

/** What a handler cannot take or return. */
export interface NotSendable<Why extends string> {
  readonly 'this cannot be sent': Why;
}

/** Nothing to add to a handler, or why a peer cannot call it. */
export type Sendable<Called> = [Fault<Called>] extends [never] ? unknown : NotSendable<Fault<Called>>;

type Fault<Called> = Called extends (...given: infer Given) => infer Returned
  ? ArgumentFault<Given> | ResultFault<Awaited<Returned>>
  : never;

type ArgumentFault<Given extends readonly unknown[]> = Given extends readonly []
  ? never
  : ValueFault<Given[0], 'its argument', 'taken'>;

type ResultFault<Result> = unknown extends Result
  ? never
  : Result extends Open
    ? ValueFault<Result, 'its result', 'sent'>
    : Result extends AsyncIterable<infer Item>
      ? ValueFault<Item, 'its item', 'sent'>
      : ValueFault<Result, 'its result', 'sent'>;

/** What has a descriptor of its own. */
type Open = FileHandle | FdSocket | FdServer | ReadStream | WriteStream | Socket | Server;

/** What JSON makes an object without members of. */
type Exotic =
  ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | WeakMap<WeakKey, unknown> | WeakSet<WeakKey> | RegExp;

/** An object with a name and a message alone is data. */
type IsError<Value> = Value extends Error ? ('stack' extends keyof Value ? true : false) : false;

/** So deep a type is looked into, since one that refers to itself has no end. */
type Deep = [1, 2, 3, 4, 5, 6];

/** A sentence about each part of a value that JSON does not have. */
type ValueFault<Value, Path extends string, Way extends 'sent' | 'taken', Left extends readonly unknown[] = Deep> =
  // `any`, too, of which nothing is known.
  unknown extends Value
    ? never
    : Value extends OwnedFd | GivenFd | string | number | boolean | null | undefined
      ? never
      : Value extends bigint
        ? `${Path} is a bigint, which JSON does not have: use a string`
        : Value extends symbol
          ? `${Path} is a symbol, which JSON does not have`
          : Value extends Open
            ? `${Path} is not sent by itself: give() sends its descriptor, which arrives as an OwnedFd`
            : Value extends PromiseLike<unknown>
              ? `${Path} is a Promise: await it first`
              : Value extends Exotic
                ? `${Path} is a Map, a Set or another object that JSON does not have: use an array or members`
                : Value extends (...given: never) => unknown
                  ? `${Path} is a function, which JSON does not have`
                  : Value extends { toJSON(...given: never): infer Json }
                    ? Way extends 'sent'
                      ? ValueFault<Json, Path, Way>
                      : `${Path} arrives as what its toJSON() makes: a Date as a string`
                    : IsError<Value> extends true
                      ? `${Path} is an Error, of which JSON has no message: throw it, or use members`
                      : Value extends ArrayBufferView | ArrayBufferLike
                        ? `${Path} is bytes, which JSON does not have: use text, or the OwnedFd of a memfd`
                        : Left extends readonly [unknown, ...infer Rest]
                          ? MemberFault<Value, Path, Way, Rest>
                          : never;

type MemberFault<
  Value,
  Path extends string,
  Way extends 'sent' | 'taken',
  Left extends readonly unknown[],
> = Value extends readonly (infer Item)[]
  ? ValueFault<Item, `${Path}[]`, Way, Left>
  : { [Name in keyof Value & string]-?: ValueFault<Value[Name], `${Path}.${Name}`, Way, Left> }[keyof Value & string];
