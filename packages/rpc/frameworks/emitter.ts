export interface Disposable {
  dispose(): void;
}

/** An event as vscode-jsonrpc has them: a function that takes a listener. */
export type Event<T> = (listener: (event: T) => unknown, thisArg?: unknown, disposables?: Disposable[]) => Disposable;

export class Emitter<T> {
  readonly #listeners = new Set<(event: T) => unknown>();

  readonly event: Event<T> = (listener, thisArg, disposables) => {
    const bound = (event: T): unknown => listener.call(thisArg, event);
    const disposable = { dispose: () => void this.#listeners.delete(bound) };
    this.#listeners.add(bound);
    disposables?.push(disposable);
    return disposable;
  };

  fire(event: T): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
