import { type OwnedFd, raw } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { attempt } from '../kernel/pair';
import { settleClosing } from '../support/descriptors';

/** A socket to give away, which tells when nobody has it any more. */
export class Witness implements Disposable {
  /** To be sent, and closed. */
  readonly given: OwnedFd;
  readonly #kept: OwnedFd;

  constructor() {
    [this.#kept, this.given] = nativeBinding.socketpair();
  }

  /** Whether every descriptor of {@link given} is closed, those in flight included. */
  get gone(): boolean {
    settleClosing();
    return attempt(() => raw.receiveMessage(this.#kept, Buffer.alloc(1)).bytesRead) === 0;
  }

  [Symbol.dispose](): void {
    this.given.close();
    this.#kept.close();
  }
}
