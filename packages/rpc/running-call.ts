import { OwnedFd } from '../binding';
import type { Arrival } from './intake';
import type { CallContext, Rpc } from './rpc-types';

/** A call of the peer's while its handler runs, and until its answer was sent. */
export class RunningCall implements CallContext {
  readonly connection: Rpc;
  /** Until its answer was sent. */
  arrival: Arrival | undefined;
  readonly #fds: readonly OwnedFd[];
  #controller: AbortController | undefined;
  #cancelled = false;
  /** Items of its iterator that the peer is ready for. */
  #wanted = 0;
  #wantedLast = false;
  #wake: (() => void) | undefined;

  /** @param fds those in its argument */
  constructor(connection: Rpc, fds: readonly OwnedFd[]) {
    this.connection = connection;
    this.#fds = fds;
  }

  /** Most handlers do not look at it, and making one takes longer than all else. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled) this.#controller.abort();
    return this.#controller.signal;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort();
    this.#wake?.();
  }

  closeUntaken(): void {
    OwnedFd.closeAll(this.#fds);
  }

  /** @param count as the peer says */
  want(count: unknown): void {
    if (typeof count !== 'number' || !(count >= 1)) return;
    this.#wanted = Math.min(this.#wanted + Math.floor(count), Number.MAX_SAFE_INTEGER);
    this.#wake?.();
  }

  /** The peer asks for nothing more: what it has asked for is all. */
  wantLast(): void {
    this.#wantedLast = true;
    this.#wake?.();
  }

  /** Waits until the peer is ready for an item. @returns false when it wants no more */
  async turn(): Promise<boolean> {
    while (this.#wanted === 0 && !this.#cancelled) {
      if (this.#wantedLast) this.cancel();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wanted--;
    return !this.#cancelled;
  }
}
