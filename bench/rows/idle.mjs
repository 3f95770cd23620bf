import { crowd } from '../measure/crowd.mjs';
import { idleServer } from '../programs.mjs';
import { memory, number } from './figures.mjs';

const FEW = 2_000;
const MANY = 8_000;

/** @type {import('./row.mjs').Row} */
export const idle = {
  name: 'idle',
  title: `Memory of an idle connection, as the slope from ${FEW.toLocaleString('en')} to ${MANY.toLocaleString('en')}`,
  figures: { memory, wakeUps: number },
  reference: { label: "net.Socket, 'data'", program: idleServer, variant: "net 'data'" },
  contenders: [
    { label: 'ancillary, for await', program: idleServer, variant: 'ancillary frames' },
    { label: 'ancillary, forEachFrame', program: idleServer, variant: 'ancillary forEachFrame' },
    { label: "ancillary, 'data'", program: idleServer, variant: "ancillary 'data'" },
    { label: 'net.Socket, for await', program: idleServer, variant: 'net for await' },
    { label: 'net.Socket, framing', program: idleServer, variant: 'net frames' },
  ],
  async measure(contender, tools, scale) {
    const [few, many] = [Math.ceil(FEW * scale), Math.ceil(MANY * scale)];
    const { idle: seen } = await crowd(contender, [few, many], many, tools);
    if (seen === undefined) throw new Error('the server did not report its memory');
    const [before, after] = seen.rss;
    return { figures: { memory: (after - before) / (many - few), wakeUps: seen.wakeUps }, detail: seen };
  },
};
