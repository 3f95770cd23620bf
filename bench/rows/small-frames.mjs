import { ancillary, netSocket } from '../programs.mjs';
import { C, CHILD_PROCESS, GO, PYTHON } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { costPerMessage, messagesPerSecond } from './figures.mjs';

/** @type {import('./row.mjs').Row} */
export const smallFrames = {
  name: 'small-frames',
  title: '64-byte frames without descriptors, one way, sends not awaited one by one',
  figures: { rate: messagesPerSecond, cost: costPerMessage },
  reference: C,
  contenders: [
    { label: 'ancillary, for await', program: ancillary, variant: 'unawaited' },
    {
      label: 'ancillary, forEachFrame',
      program: ancillary,
      variant: 'unawaited, forEachFrame',
      needs: 'forEachFrame',
    },
    { label: 'net.Socket, corked by 32', program: netSocket, variant: 'corked' },
    { label: 'net.Socket', program: netSocket },
    { ...CHILD_PROCESS, variant: 'unawaited', share: 0.2 },
    PYTHON,
    GO,
  ],
  measure: exchanged({ kind: 'flood', size: 64, fds: 0, warmup: 1_500_000, count: 1_500_000 }, (ends, work) => ({
    rate: rate(ends, work),
  })),
};
