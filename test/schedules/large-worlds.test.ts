import fc from 'fast-check';
import '../../packages/ancillary';
import type { TraceEvent } from '../../packages/binding-model';
import { savedOnFailure } from '../support/save-timeline';
import { propertyRuns } from '../support/properties';
import type { Choose } from './choose';
import { telling } from './explore';
import { headed, shapesUpTo } from './layout';
import { Trial } from './trial';
import { EARLY, EXACT, JOINED, KERNELS, nameOf, WILD } from './worlds';

jest.setTimeout(600_000);

const FRAMES = 30;
const MOST_STEPS = 2_000;
const SHAPES = [
  ...shapesUpTo(2, 2),
  { length: 3, count: 1 },
  { length: 7, count: 0 },
  { length: 9, count: 5 },
  { length: 40, count: 3 },
];

/** Choices as fast-check has them; when they are used up, always the first. */
function choosing(choices: readonly number[]): Choose {
  let next = 0;
  return (options) => (choices[next++] ?? 0) % options;
}

describe.each(KERNELS)('%s', (kernel) => {
  test.each([...EXACT, ...JOINED, ...EARLY, ...WILD].map((world) => [nameOf(world), world] as const))(
    'many frames, at random: %s',
    (name, world) => {
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 99 }), { maxLength: 400 }), (choices) => {
          const timeline: TraceEvent[] = [];
          const trace = (event: TraceEvent): unknown => timeline.push(event);
          const trial = new Trial({ kernel, frames: FRAMES, layout: headed(SHAPES), trace, ...world });
          const choose = choosing(choices);
          savedOnFailure(`${kernel} ${name}`, timeline, () =>
            telling(trial, () => {
              for (let step = 0; step < MOST_STEPS && !trial.done && trial.step(choose); step++);
              trial.end();
            }),
          );
        }),
        propertyRuns,
      );
    },
  );
});
