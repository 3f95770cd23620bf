export interface Slope {
  /** Of the least squares line, in units of y for one of x. */
  readonly slope: number;
  /** Its standard error, widened for samples that resemble those before them. */
  readonly error: number;
}

/**
 * The least squares slope through samples taken at regular intervals. Memory at one moment resembles that of the moment
 * before, so the samples tell less than as many independent ones would: their number is taken as n (1 - r) / (1 + r), where
 * r is the correlation of each residual with the next.
 */
export function slopeOf(samples: readonly (readonly [x: number, y: number])[]): Slope {
  const count = samples.length;
  const mean = (at: 0 | 1): number => samples.reduce((sum, sample) => sum + sample[at], 0) / count;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = samples.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = samples.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residuals = samples.map(([x, y]) => y - meanY - slope * (x - meanX));
  const squares = residuals.reduce((sum, each) => sum + each ** 2, 0);
  const products = residuals.slice(1).reduce((sum, each, index) => sum + each * (residuals[index] ?? 0), 0);
  const correlation = squares === 0 ? 0 : Math.max(0, Math.min(0.99, products / squares));
  const effective = Math.max(3, (count * (1 - correlation)) / (1 + correlation));
  return { slope, error: Math.sqrt(squares / (effective - 2) / spread) };
}
