import fc, { type Arbitrary, type Random, type Stream, type Value } from 'fast-check';

/**
 * Numbers that come as often as `likely` makes them, and shrink towards 0 over all that lie between, which a choice of
 * constants would not.
 */
export class Numbers extends fc.Arbitrary<number> {
  readonly #likely: Arbitrary<number>;
  readonly #all: Arbitrary<number>;

  constructor(max: number, likely: Arbitrary<number>) {
    super();
    this.#likely = likely;
    this.#all = fc.nat({ max });
  }

  override generate(random: Random, bias: number | undefined): Value<number> {
    // Without its context: how it was chosen says nothing about what is smaller.
    return new fc.Value(this.#likely.generate(random, bias).value, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is number {
    return this.#all.canShrinkWithoutContext(value);
  }

  override shrink(value: number, context: unknown): Stream<Value<number>> {
    return this.#all.shrink(value, context);
  }
}
