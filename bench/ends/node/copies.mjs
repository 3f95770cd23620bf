// Counts the bytes that JavaScript copies between buffers, when the environment asks for it, by wrapping the methods that
// copy. What native code copies is not seen. It slows things down, so what is timed meanwhile is not used.

let copied = 0;

if (process.env['BENCH_COUNT_COPIES'] !== undefined) {
  const { copy } = Buffer.prototype;
  /** @param {Parameters<Buffer['copy']>} args */
  Buffer.prototype.copy = function (...args) {
    const length = copy.apply(this, args);
    copied += length;
    return length;
  };
  const bytes = /** @type {Uint8Array} */ (Object.getPrototypeOf(Uint8Array.prototype));
  const { set, slice } = bytes;
  bytes.set = function (source, offset) {
    copied += source.length;
    set.call(this, source, offset);
  };
  bytes.slice = function (...args) {
    const made = slice.apply(this, args);
    copied += made.length;
    return made;
  };
}

/** What was copied so far; nothing when nobody counts. */
export function copiedBytes() {
  return process.env['BENCH_COUNT_COPIES'] === undefined ? {} : { copied };
}
