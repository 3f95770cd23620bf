type MakeView = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer;

/**
 * Makes a Buffer over part of an ArrayBuffer: what `subarray` does, which first looks up the memory under a Buffer. That
 * takes longer than all the rest, and where many views of the same memory are made the answer is known.
 */
export const BufferView = (Buffer as unknown as Record<typeof Symbol.species, MakeView>)[Symbol.species];

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const bufferOf = getter('buffer') as (bytes: Uint8Array) => ArrayBufferLike;
const offsetOf = getter('byteOffset') as (bytes: Uint8Array) => number;
const lengthOf = getter('byteLength') as (bytes: Uint8Array) => number;
/** In the form that V8 compiles to a read of the length. */
const trueLength = uncurried('length') as (bytes: Uint8Array) => number;
// The global Buffer is a getter, which shows where each send asks it.
const bufferPrototype: unknown = Buffer.prototype;

/** The same memory with its true length: an array whose `length` is a property of its own, or of a subclass, may say anything. */
export function truthful(bytes: Buffer): Buffer;
export function truthful(bytes: Uint8Array): Uint8Array;
export function truthful(bytes: Uint8Array): Uint8Array {
  const prototype: unknown = Object.getPrototypeOf(bytes);
  const usual = prototype === bufferPrototype || prototype === Uint8Array.prototype;
  return usual && !Object.hasOwn(bytes, 'length') ? bytes : truthfulBuffer(bytes);
}

/** Whether it is as long as it says now. That takes less than {@link truthful}, which finds those that say it once, too. */
export function isTruthful(bytes: Uint8Array): boolean {
  return trueLength(bytes) === bytes.length;
}

/** A Buffer over the same memory, whatever the properties of `bytes` say. */
export function truthfulBuffer(bytes: Uint8Array): Buffer {
  return new BufferView(bufferOf(bytes), offsetOf(bytes), lengthOf(bytes));
}

function uncurried(name: string): unknown {
  const property = Object.getOwnPropertyDescriptor(typedArray, name) ?? {};
  return Function.prototype.call.bind(Reflect.get(property, 'get') as () => unknown);
}

function getter(name: string): (bytes: Uint8Array) => unknown {
  const property = Object.getOwnPropertyDescriptor(typedArray, name);
  return (bytes) => property?.get?.call(bytes) as unknown;
}
