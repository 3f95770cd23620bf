// The global is a getter, which shows where each frame asks it.
const { Buffer: NodeBuffer } = globalThis;

/** Where bytes begin in memory, at or after an offset; -1 where they do not. */
export type Finder = (memory: Uint8Array, from: number) => number;

export function finderOf(bytes: Buffer): Finder {
  const [byte = 0] = bytes;
  if (bytes.length === 1) return (memory, from) => memory.indexOf(byte, from);
  return (memory, from) => {
    // What frames are read from is a Buffer; a user's own code may call with anything else.
    const buffer =
      memory instanceof NodeBuffer ? memory : NodeBuffer.from(memory.buffer, memory.byteOffset, memory.length);
    return buffer.indexOf(bytes, from);
  };
}
