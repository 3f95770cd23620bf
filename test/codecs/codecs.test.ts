import { type FrameDecoder, lengthPrefixed } from '../../packages/codec';
import { subjects } from './subjects';
import { trial } from './trial';

// A few of the connections that `npm run test:codecs` tries for a minute each codec.

const SEEDS = 50;

it.each(subjects)('$name: right frames arrive as they were sent, and the rest is refused', async (subject) => {
  const outcomes = new Set<string | undefined>();
  for (let seed = 0; seed < SEEDS; seed++) outcomes.add((await trial(subject, seed)).error);
  // Each was met with what it refuses, and with nothing to refuse.
  expect(outcomes).toContain(undefined);
  expect(outcomes.size).toBeGreaterThan(2);
});

describe('what is wrong with a codec is found out:', () => {
  const codec = lengthPrefixed({ maxLength: 6000 });
  const counted = subjects.find(({ name }) => name === 'lengthPrefixed, with a count');
  const findOut = async (wrong: Partial<FrameDecoder<unknown>>): Promise<void> => {
    if (counted === undefined) throw new Error('there is no such codec');
    for (let seed = 0; seed < SEEDS; seed++) await trial({ ...counted, codec: () => ({ ...codec, ...wrong }) }, seed);
  };

  it('it waits for more than a message may have', async () => {
    const boundless = lengthPrefixed({ maxLength: 2 ** 32 - 1 });
    const patient: FrameDecoder<unknown>['measure'] = (buffered, scanned) => {
      const measured = boundless.measure(buffered, scanned);
      return 'need' in measured || measured.length <= 6006 ? measured : { need: buffered.length + 1 };
    };
    await expect(findOut({ measure: patient })).rejects.toThrow(/it holds \d+ bytes, where \d+ are enough/);
  });

  it('it takes descriptors of another frame', async () => {
    const measure: FrameDecoder<unknown>['measure'] = (buffered, scanned) => {
      const measured = codec.measure(buffered, scanned);
      return 'need' in measured ? measured : { ...measured, fds: Math.min(1, Number(measured.fds)) };
    };
    await expect(findOut({ measure, descriptors: 'early' })).rejects.toThrow(/and no mark, where \[.*\] is its own/);
  });

  it('it fails with what users are not told of', async () => {
    const decode = (): never => {
      throw new TypeError('Cannot read properties of undefined');
    };
    await expect(findOut({ decode })).rejects.toThrow(/an error of no kind that users are told of: TypeError/);
  });

  it('it leaves frames out', async () => {
    const measure: FrameDecoder<unknown>['measure'] = (buffered, scanned) => {
      const measured = codec.measure(buffered, scanned);
      return 'need' in measured ? measured : { ...measured, length: measured.length + 1 };
    };
    await expect(findOut({ measure })).rejects.toThrow(/is not what was sent|right frames did not come/);
  });
});
