import { crowd } from '../measure/crowd.mjs';
import { cPendingServer, pendingServer } from '../programs.mjs';
import { costPerFrame, growth } from './figures.mjs';

const PENDING = 64;
const MEASURED = 128_000;
const STEPS = [1, 10, 100, 1_000];

/** @type {import('./row.mjs').Row} */
export const growthConnections = {
  name: 'growth-connections',
  title: `64-byte frames, ${PENDING} of them waiting on each of 1 to 1,000 connections`,
  figures: { growth, first: costPerFrame, last: costPerFrame },
  // Having many connections costs the kernel and the processor's caches too.
  reference: { label: 'C', program: cPendingServer },
  contenders: [
    { label: 'ancillary, for await', program: pendingServer, variant: 'ancillary frames' },
    { label: 'net.Socket, frames by hand', program: pendingServer, variant: 'net frames' },
  ],
  async measure(contender, tools, scale) {
    const steps = [...new Set(STEPS.map((step) => Math.ceil(step * Math.min(1, 10 * scale))))];
    const numbers = [PENDING, Math.ceil(MEASURED * scale), ...steps];
    const { costs = [] } = await crowd(contender, numbers, steps.at(-1) ?? 0, tools);
    const [first = NaN, ...later] = costs.map(([, ns]) => ns);
    return { figures: { growth: Math.max(...later) / first, first, last: later.at(-1) ?? NaN }, detail: { costs } };
  },
};
