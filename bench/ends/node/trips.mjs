/** Times of round trips, in nanoseconds. */
export class Trips {
  #times;
  #warmup;
  #seen = 0;
  #start = 0;

  /** @param {number} warmup @param {number} count */
  constructor(warmup, count) {
    this.#warmup = warmup;
    this.#times = new Float64Array(count);
  }

  begin() {
    this.#start = performance.now();
  }

  end() {
    const index = this.#seen++ - this.#warmup;
    if (index >= 0) this.#times[index] = (performance.now() - this.#start) * 1e6;
  }

  report() {
    const sorted = this.#times.sort();
    const at = (/** @type {number} */ share) => Math.round(sorted[Math.floor(sorted.length * share)] ?? NaN);
    return { p50: at(0.5), p99: at(0.99) };
  }
}
