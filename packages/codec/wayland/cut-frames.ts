import type { CompiledSignature } from './compiled';

/**
 * What the messages are that were cut, by where they lie in memory: a frame is a view of the bytes that the codec was shown. They are
 * forgotten with the memory, so there are no more than the bytes that are held.
 */
export class CutFrames {
  readonly #signatures = new WeakMap<ArrayBufferLike, Map<number, CompiledSignature>>();

  add({ buffer, byteOffset }: Uint8Array, signature: CompiledSignature): void {
    let within = this.#signatures.get(buffer);
    if (within === undefined) {
      within = new Map();
      this.#signatures.set(buffer, within);
    }
    within.set(byteOffset, signature);
  }

  /** Undefined for what lies elsewhere, such as a copy. */
  get({ buffer, byteOffset }: Uint8Array): CompiledSignature | undefined {
    return this.#signatures.get(buffer)?.get(byteOffset);
  }
}
