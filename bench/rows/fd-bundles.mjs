import { ancillary } from '../programs.mjs';
import { BARE, C, GO, PYTHON } from './contenders.mjs';
import { exchanged, rate } from './exchanged.mjs';
import { costPerMessage, descriptorsPerSecond } from './figures.mjs';

const SCM_MAX_FD = 253;

/** child_process.send carries one descriptor at a time, usocket 64. @type {import('./row.mjs').Row} */
export const fdBundles = {
  name: 'fd-bundles',
  title: '253 descriptors per message, one way',
  figures: { rate: descriptorsPerSecond, cost: costPerMessage },
  reference: C,
  contenders: [
    { label: 'ancillary, frame.close()', program: ancillary, variant: 'frame.close()' },
    { ...PYTHON, share: 1 },
    GO,
    BARE,
  ],
  measure: exchanged({ kind: 'flood', size: 64, fds: SCM_MAX_FD, warmup: 4_000, count: 6_000 }, (ends, work) => ({
    rate: SCM_MAX_FD * rate(ends, work),
  })),
};
