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
// The global is a getter, which shows where each send asks it.
const { Buffer: NodeBuffer } = globalThis;

/** The same memory with its true length: an array whose `length` is a property of its own, or of a subclass, may say anything. */
export function truthful(bytes: Buffer): Buffer;
export function truthful(bytes: Uint8Array): Uint8Array;
export function truthful(bytes: Uint8Array): Uint8Array {
  // A subclass has another constructor. Object.getPrototypeOf() would take longer, since V8 does not compile it.
  const usual = bytes.constructor === NodeBuffer || bytes.constructor === Uint8Array;
  return usual && !Object.hasOwn(bytes, 'length') ? bytes : truthfulBuffer(bytes);
}

/** A Buffer over the same memory, whatever the properties of `bytes` say. */
export function truthfulBuffer(bytes: Uint8Array): Buffer {
  return new BufferView(bufferOf(bytes), offsetOf(bytes), lengthOf(bytes));
}

function getter(name: string): (bytes: Uint8Array) => unknown {
  const property = Object.getOwnPropertyDescriptor(typedArray, name);
  return (bytes) => property?.get?.call(bytes) as unknown;
}
