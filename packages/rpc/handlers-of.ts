import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { describeValue, invalidType, requireObject } from '../binding';
import type { Handler, Handlers } from './rpc-types';
import { isPlain } from './values/json-kinds';

/**
 * What a peer may call: the functions of an object, or the methods of an instance's class and of those that it extends. So never
 * `constructor`, nor what every object has.
 * @throws TypeError for what is no function, and where a peer could call what was not written for it
 */
export function handlersOf(handlers: Handlers): ReadonlyMap<string, Handler> {
  requireObject('handlers', handlers);
  return isPlain(handlers) ? functionsOf(handlers) : methodsOf(handlers);
}

function functionsOf(handlers: Handlers): Map<string, Handler> {
  for (const [name, handler] of Object.entries<unknown>(handlers)) {
    if (typeof handler !== 'function')
      throw invalidType(`handlers are functions, and ${describeValue(name)} is ${describeValue(handler)}`);
  }
  return new Map(Object.entries(handlers));
}

function methodsOf(instance: object): Map<string, Handler> {
  for (const [name, { value }] of describe(instance)) {
    // One that the class was given, for itself, cannot be told from one that is for the peer.
    if (typeof value === 'function')
      throw invalidType(
        `the function ${describeValue(name)} of ${describeValue(instance)} is no method of its class: ` +
          `make it one if peers may call it, or #${name} if not`,
      );
  }
  const methods = new Map<string, Handler>();
  const seen = new Set(['constructor']);
  let prototype: unknown = Object.getPrototypeOf(instance);
  while (typeof prototype === 'object' && prototype !== null && !isOfEveryObject(prototype)) {
    if (isOfPlatform(prototype))
      throw invalidType(
        `${describeValue(instance)} is no object of handlers: peers could call what it inherits of ` +
          `${(prototype.constructor as { name: string }).name}. Give an object that has only what they may call`,
      );
    for (const [name, { value }] of describe(prototype)) {
      if (!seen.has(name) && typeof value === 'function') methods.set(name, value as Handler);
      // What is nearer counts, also where it is no function.
      seen.add(name);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return methods;
}

/** Without calling getters. */
function describe(object: object): (readonly [string, { readonly value?: unknown }])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(object));
}

function isOfEveryObject(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && isNative(prototype);
}

/** Whether it is of a class of the language's or Node's, whose methods were written for the program alone. */
function isOfPlatform(prototype: object): boolean {
  return OF_NODE.has(prototype) || isNative(prototype) || isGlobal(prototype);
}

/** Classes that programs extend, and whose text does not show that they are Node's. */
const OF_NODE: ReadonlySet<object> = new Set([
  EventEmitter.prototype,
  AsyncResource.prototype,
  AsyncLocalStorage.prototype,
]);

/** `EventTarget` and the like are JavaScript in Node. What a program makes global itself is enumerable, and they are not. */
function isGlobal(prototype: object): boolean {
  const { constructor } = prototype as { readonly constructor?: unknown };
  if (typeof constructor !== 'function') return false;
  const { name } = constructor;
  if (Object.getOwnPropertyDescriptor(globalThis, name)?.enumerable !== false) return false;
  return (globalThis as Readonly<Record<string, unknown>>)[name] === constructor;
}

function isNative(prototype: object): boolean {
  const { constructor } = prototype as { readonly constructor?: unknown };
  return typeof constructor === 'function' && NATIVE.test(Function.prototype.toString.call(constructor));
}

const NATIVE = /\{\s*\[native code\]\s*\}$/;
