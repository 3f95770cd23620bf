import { exchange, scaled } from '../measure/exchange.mjs';
import { ancillary } from '../programs.mjs';
import { costPerFrame, growth } from './figures.mjs';

/** @type {import('../measure/exchange.mjs').Work} */
const WORK = { kind: 'flood', size: 64, fds: 1, warmup: 50_000, count: 10_000_000 };
const TIMEOUT_MS = 600_000;

/**
 * The clock is read after a thousandth, a hundredth and a tenth of the frames, so each run compares itself with itself.
 * @type {import('./row.mjs').Row}
 */
export const growthFrames = {
  name: 'growth-frames',
  title: '64 bytes and a descriptor per frame, over 10^4 to 10^7 frames of one connection',
  figures: { growth, first: costPerFrame, last: costPerFrame },
  contenders: [{ label: 'ancillary, for await', program: ancillary, variant: 'for await' }],
  mostRounds: 3,
  async measure(contender, tools, scale) {
    const { ends } = await exchange(scaled(WORK, scale), contender, tools, { timeout: TIMEOUT_MS });
    const costs = (ends.receiver?.received?.marks ?? []).map(([frames, ns]) => ns / frames);
    const [first = NaN, ...later] = costs;
    return { figures: { growth: Math.max(...later) / first, first, last: later.at(-1) ?? NaN }, detail: { costs } };
  },
};
