import { ancillary, netSocket } from '../programs.mjs';
import { C } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const delimited = {
  name: 'delimited',
  title: 'Lines of 64 bytes, one way, sends not awaited one by one',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  reference: C,
  contenders: [
    { label: 'ancillary, for await', program: ancillary, variant: 'unawaited, lines', needs: 'delimited' },
    {
      label: 'ancillary, forEachFrame',
      program: ancillary,
      variant: 'unawaited, lines, forEachFrame',
      needs: 'delimited',
    },
    { label: 'ancillary, corked by 32, forEachFrame', program: ancillary, variant: 'corked, lines, forEachFrame' },
    { label: 'net.Socket, corked by 32', program: netSocket, variant: 'corked, lines' },
    { label: 'net.Socket', program: netSocket, variant: 'lines' },
  ],
  measure: exchanged({ kind: 'flood', size: 64, fds: 0, warmup: 1_500_000, count: 1_500_000 }, (ends, work) => ({
    rate: rate(ends, work),
  })),
};
