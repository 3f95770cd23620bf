import { type ByteRange, INSPECT, OwnedFd, show, type ShownHow } from '../binding';

/**
 * Bytes and the descriptors that belong to them. Whoever receives a frame owns its descriptors: take them out of
 * {@link fds} (or call their `take()`), or close the rest with {@link close} or `using`.
 */
export class FdFrame implements Disposable {
  /** The frame whole, its header included: a view, valid for as long as it is held. */
  readonly bytes: Buffer;
  /** In the sender's order. */
  readonly fds: OwnedFd[];
  /** Where the frame stands in the stream. */
  readonly range: ByteRange;
  /** The kernel dropped descriptors of this frame (MSG_CTRUNC); {@link fds} holds those that it delivered. */
  readonly truncated: boolean;
  /**
   * What the kernel told leaves more than one frame that descriptors may be of: those that this frame got may be another's, or
   * its own may have gone to a frame before it.
   */
  readonly ambiguous: boolean;

  /** @internal */
  constructor(bytes: Buffer, fds: OwnedFd[], range: ByteRange, truncated: boolean, ambiguous: boolean) {
    this.bytes = bytes;
    this.fds = fds;
    this.range = range;
    this.truncated = truncated;
    this.ambiguous = ambiguous;
  }

  /** Closes every descriptor that is still in {@link fds} and open. */
  close(): void {
    OwnedFd.closeAll(this.fds);
  }

  /** What is shown and written as JSON: how many bytes there are, not which, for they may be a secret. */
  toJSON(): { byteLength: number; range: ByteRange; fds: OwnedFd[]; truncated: boolean; ambiguous: boolean } {
    const { bytes, range, fds, truncated, ambiguous } = this;
    return { byteLength: bytes.length, range, fds, truncated, ambiguous };
  }

  /** @internal */
  [INSPECT](...shown: ShownHow): string {
    return show('FdFrame', this.toJSON(), ...shown);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
