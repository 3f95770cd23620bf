import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { builtinModules, createRequire } from 'node:module';

/**
 * Whether it is the prototype of a class of the language's or Node's, whose methods were written for the program alone. The text of
 * most of Node's classes does not show that they are, so they are those that its modules export.
 */
export function isOfPlatform(prototype: object): boolean {
  return OF_NODE.has(prototype) || isNative(prototype) || isGlobal(prototype) || isExported(prototype);
}

/** A worker of Bun has none. */
const { Console } = console as { readonly Console?: { readonly prototype: object } };

/** Classes that a runtime may have which does not say what modules it has loaded. */
const OF_NODE: ReadonlySet<object> = new Set([
  EventEmitter.prototype,
  AsyncResource.prototype,
  AsyncLocalStorage.prototype,
  ...(Console === undefined ? [] : [Console.prototype]),
]);

/** `EventTarget` and the like are JavaScript in Node. What a program makes global itself is enumerable, and they are not. */
function isGlobal(prototype: object): boolean {
  const { constructor } = prototype as { readonly constructor?: unknown };
  if (typeof constructor !== 'function') return false;
  const { name } = constructor;
  if (Object.getOwnPropertyDescriptor(globalThis, name)?.enumerable !== false) return false;
  return (globalThis as Readonly<Record<string, unknown>>)[name] === constructor;
}

export function isNative(prototype: object): boolean {
  const { constructor } = prototype as { readonly constructor?: unknown };
  return typeof constructor === 'function' && NATIVE.test(Function.prototype.toString.call(constructor));
}

const NATIVE = /\{\s*\[native code\]\s*\}$/;

/** What the modules that are loaded export. */
const exported = {
  modules: 0,
  prototypes: new Set<object>(),
  /** By the names of what they get, which is loaded when it is first asked for. */
  getters: new Map<string, (() => unknown)[]>(),
};

/** Whether a module of Node exports the class. */
function isExported(prototype: object): boolean {
  lookAtModules();
  if (exported.prototypes.has(prototype)) return true;
  const { constructor } = prototype as { readonly constructor?: unknown };
  if (typeof constructor !== 'function') return false;
  const got = exported.getters.get(constructor.name)?.some((get) => prototypeOf(get) === prototype) ?? false;
  if (got) addWithBases(prototype);
  return got;
}

function prototypeOf(get: () => unknown): unknown {
  try {
    return (get() as { readonly prototype?: unknown } | undefined)?.prototype;
  } catch {
    return undefined;
  }
}

/** Nobody extends a class of a module that is not loaded, and loading one may take long, or warn. */
function lookAtModules(): void {
  const { moduleLoadList: loaded = [] } = process as { readonly moduleLoadList?: readonly string[] };
  if (loaded.length === exported.modules) return;
  const names = new Set(loaded);
  const load = createRequire(__filename);
  exported.getters.clear();
  for (const name of builtinModules) {
    // The internal part of `dns/promises` is `dns.promises`, too.
    const internal = name.includes('/') && names.has(`NativeModule internal/${name}`);
    if (!internal && !names.has(`NativeModule ${name}`)) continue;
    try {
      addExports(load(name) as object);
    } catch {
      // What this Node was built without, or may not be used.
    }
  }
  exported.modules = loaded.length;
}

function addExports(module: object): void {
  addClass(module);
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(module))) {
    addClass(property.value);
    if (!('get' in property)) continue;
    const getters = exported.getters.get(name) ?? [];
    exported.getters.set(name, getters);
    getters.push((): unknown => Reflect.get(module, name));
  }
}

function addClass(value: unknown): void {
  if (typeof value === 'function') addWithBases((value as { readonly prototype?: unknown }).prototype);
}

function addWithBases(first: unknown): void {
  for (let prototype = first; typeof prototype === 'object' && prototype !== null;) {
    const next: unknown = Object.getPrototypeOf(prototype);
    // What every object has.
    if (next === null || exported.prototypes.has(prototype)) return;
    exported.prototypes.add(prototype);
    prototype = next;
  }
}
