/** Calls of ours that are not answered, by their ids. */
export class OwnCalls {
  /** Whether each is sent. */
  readonly #calls = new Map<unknown, boolean>();
  /** Those for which nobody waits any more. */
  readonly #abandoned = new Set<unknown>();

  get size(): number {
    return this.#calls.size;
  }

  begin(id: unknown): void {
    this.#calls.set(id, false);
  }

  sent(id: unknown): void {
    if (this.#calls.has(id)) this.#calls.set(id, true);
  }

  abandon(id: unknown): void {
    if (this.#calls.has(id)) this.#abandoned.add(id);
  }

  has(id: unknown): boolean {
    return this.#calls.has(id);
  }

  /** Whether nobody waits for its answer. */
  isAbandoned(id: unknown): boolean {
    return this.#abandoned.has(id);
  }

  /** There is an answer, or none can come. Returns whether somebody waits for it; undefined where there is no such call. */
  end(id: unknown): 'awaited' | 'abandoned' | undefined {
    if (!this.#calls.delete(id)) return undefined;
    return this.#abandoned.delete(id) ? 'abandoned' : 'awaited';
  }

  /** Those that are sent. */
  *allSent(): Generator<unknown, void> {
    for (const [id, sent] of [...this.#calls]) if (sent) yield id;
  }
}
