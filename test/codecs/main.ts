import { commandLine, count } from '../differential/command-line';
import { subjects } from './subjects';
import { trial } from './trial';

interface Bounds {
  readonly seconds: number;
  readonly only: string;
  readonly seed: number | undefined;
}

const bounds = commandLine(
  {
    seconds: { default: '60', means: 'for how long each codec is tried' },
    only: { default: '', means: 'codecs whose name has this in it' },
    seed: { default: '', means: 'one trial of each codec, as it was reported' },
  },
  ({ seconds, only, seed }): Bounds => ({
    seconds: count(seconds, 'seconds'),
    only,
    seed: seed === '' ? undefined : count(seed, 'seed', 0),
  }),
);

void main(bounds);

async function main({ seconds, only, seed }: Bounds): Promise<void> {
  for (const subject of subjects.filter(({ name }) => name.includes(only))) {
    const outcomes = new Map<string, number>();
    let trials = 0;
    let frames = 0;
    let marked = 0;
    try {
      const end = performance.now() + 1000 * seconds;
      for (let each = seed ?? Math.floor(Math.random() * 2 ** 30); trials === 0 || performance.now() < end; each++) {
        const outcome = await trial(subject, each);
        trials++;
        frames += outcome.frames;
        marked += outcome.marked;
        const name = outcome.error ?? 'read to the end';
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
        if (seed !== undefined) break;
      }
    } catch (error) {
      process.exitCode = 1;
      console.error(error);
    }
    const counts = [...outcomes].sort(([, one], [, other]) => other - one).map(([name, number]) => `${number} ${name}`);
    console.log(
      `${subject.name}: ${trials} connections, ${frames} frames, ${marked} of them marked; ${counts.join(', ')}`,
    );
  }
}
