import { markAsUntransferable } from 'node:worker_threads';

/** Memory of a queue's own; undefined where there is none. */
export function allocate(length: number): Buffer | undefined {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch {
    return undefined;
  }
}

/**
 * A copy in memory of its own. Small ones of `Buffer.from()` lie in memory that all small Buffers share, 8 KiB or 64 KiB as
 * Node is older or newer, and each keeps all of it.
 */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Frames are views of it: whoever has one must not be able to transfer the bytes away that are still queued. */
export function share(storage: Buffer): Buffer {
  markAsUntransferable(storage.buffer);
  return storage;
}

export function isIn(storage: Buffer | undefined, chunk: { readonly memory: ArrayBufferLike } | undefined): boolean {
  return storage !== undefined && storage.buffer === chunk?.memory;
}

/** Where a view of the storage ends within it; -1 when it is none. */
export function endWithin(storage: Buffer | undefined, view: Buffer): number {
  return storage?.buffer === view.buffer ? view.byteOffset - storage.byteOffset + view.length : -1;
}
