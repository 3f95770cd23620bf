type MakeView = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer;

/**
 * Makes a Buffer over part of an ArrayBuffer: what `subarray` does, which first looks up the memory under a Buffer. That
 * takes longer than all the rest, and where many views of the same memory are made the answer is known.
 */
export const BufferView = (Buffer as unknown as Record<typeof Symbol.species, MakeView>)[Symbol.species];
