import { imports } from '../measure/imports.mjs';
import { median } from '../measure/statistics.mjs';
import { importer } from '../programs.mjs';
import { startTime } from './figures.mjs';

/** Processes of a contender in a round: one start alone says little. */
const STARTS = 10;

/** @type {import('./row.mjs').Row} */
export const importRow = {
  name: 'import',
  title: `Import into a new process, the median of ${STARTS}`,
  figures: { took: startTime, ready: startTime },
  reference: { label: 'node:net', program: importer, variant: 'net' },
  contenders: [
    { label: 'ancillary', program: importer, variant: 'ancillary' },
    { label: 'an empty module', program: importer, variant: 'empty' },
  ],
  async measure(contender, tools, scale) {
    const starts = await imports(contender, Math.ceil(STARTS * Math.min(1, scale)), tools);
    const figures = { took: median(starts.map(({ took }) => took)), ready: median(starts.map(({ ready }) => ready)) };
    return { figures, detail: { starts } };
  },
};
