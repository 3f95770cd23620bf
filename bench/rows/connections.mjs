import { connector } from '../programs.mjs';
import { C } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { connectionsPerSecond, costPerConnection } from './figures.mjs';

/** A connection counts as a message of no bytes. @type {import('../measure/exchange.mjs').Work} */
export const connectionsWork = { kind: 'connections', size: 0, fds: 0, warmup: 6_000, count: 15_000 };

/** @type {import('../programs.mjs').Contender[]} */
export const connectors = [
  { label: 'ancillary', program: connector, variant: 'ancillary' },
  { label: 'node:net', program: connector, variant: 'node:net' },
];

/** @type {import('./row.mjs').Row} */
export const connections = {
  name: 'connections',
  title: 'Connections made, accepted and closed, one after another',
  figures: { rate: connectionsPerSecond, cost: costPerConnection },
  reference: C,
  contenders: connectors,
  measure: exchanged(connectionsWork, (ends, work) => ({ rate: rate(ends, work) })),
};
