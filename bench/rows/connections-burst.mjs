import { connectionsWork, connectors } from './connections.mjs';
import { C } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { connectionsPerSecond, costPerConnection } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const connectionsBurst = {
  name: 'connections-burst',
  title: 'Connections made, accepted and closed, 64 at once',
  figures: { rate: connectionsPerSecond, cost: costPerConnection },
  reference: C,
  contenders: connectors,
  measure: exchanged({ ...connectionsWork, kind: 'burst' }, (ends, work) => ({ rate: rate(ends, work) })),
};
