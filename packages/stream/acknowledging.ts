/** On a codec whose frames are acknowledged, which `framed()` does: an {@link Acknowledging}. */
export const acknowledging = Symbol('acknowledging');

/** What the ends tell each other beside messages. */
export interface ControlFrame {
  /**
   * `'greeting'`: what each end sends first, with the number of descriptors that the peer may have unacknowledged.
   * `'acknowledgement'`: so many frames more, in the order in which they came, have arrived with their descriptors.
   */
  readonly kind: 'greeting' | 'acknowledgement';
  readonly value: number;
}

/** How a codec acknowledges. */
export interface Acknowledging {
  /** How many descriptors may be unacknowledged. */
  readonly window: number;
  encode(control: ControlFrame): Uint8Array;
  /** What a whole frame says, or undefined for one that is a message. */
  read(frame: Buffer): ControlFrame | undefined;
}

/** How this codec acknowledges, if it does. */
export function acknowledgingOf(codec: object): Acknowledging | undefined {
  return (codec as { readonly [acknowledging]?: Acknowledging })[acknowledging];
}
