import { describeValue, invalidType, isPlain, requireObject } from '../binding';
import { isNative, isOfPlatform } from './platform-classes';
import type { Handler, Handlers } from './rpc-types';
import { IDENTIFIER } from './values/json-kinds';

/**
 * What a peer may call: the functions of an object, or the methods of an instance's class and of those that it extends. So never
 * `constructor`, nor what every object has.
 * @throws TypeError for what is no function, and where a peer could call what was not written for it
 */
export function handlersOf(handlers: Handlers): ReadonlyMap<string, Handler> {
  requireObject('handlers', handlers);
  // The prototype of arrays is one, too, and that of a class which extends Array is none.
  if (Array.isArray(handlers) && Array.isArray(Object.getPrototypeOf(handlers)))
    throw invalidType(
      `handlers is an object of functions by name, or an instance of a class, not ${describeValue(handlers)}`,
    );
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
    if (typeof value !== 'function') continue;
    const what = `the function ${describeValue(name)} of ${describeValue(instance)} is no method of its class`;
    const orNot = IDENTIFIER.test(name) ? `, or #${name} if not` : '';
    throw invalidType(`${what}: make it one if peers may call it${orNot}`);
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
