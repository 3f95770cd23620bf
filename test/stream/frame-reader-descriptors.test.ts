import type { FrameMeasure } from '../../packages/stream/receive/frame-measure';
import { attached, digits, Reading } from './reading';

const failsWith = (code: string) => expect.objectContaining({ name: 'AncillaryError', code }) as Error;

describe('a declared count', () => {
  it('gets exactly the descriptors anchored in the frame', () => {
    using reading = new Reading(digits);
    const first = reading.came('21ab', 1);
    const second = reading.came('12c', 2);
    expect(reading.next()).toMatchObject({ text: '21ab', fds: first });
    expect(reading.next()).toMatchObject({ text: '12c', fds: second });
    expect(reading.next()).toBeUndefined();
    expect(reading.discarded).toEqual([]);
  });

  it('is summed over several bundles inside the frame, in order', () => {
    using reading = new Reading(digits);
    const came = [...reading.came('43a', 1), ...reading.came('b', 1), ...reading.came('cd', 1)];
    expect(reading.next()).toMatchObject({ text: '43abcd', fds: came });
  });

  it('is right although plain frames before it came in the same window', () => {
    using reading = new Reading(digits);
    const came = reading.came('10a10b11c', 1);
    const frames = [reading.next(), reading.next(), reading.next()];
    expect(frames.map((each) => [each?.text, each?.fds])).toEqual([
      ['10a', []],
      ['10b', []],
      ['11c', came],
    ]);
    expect(frames.map((each) => each?.frame.ambiguous)).toEqual([false, false, false]);
  });

  it('is never filled from a later bundle: fewer is ERR_FD_MISSING, and they are closed', () => {
    using reading = new Reading(digits);
    reading.came('12a', 1);
    reading.came('11b', 2);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_MISSING'));
    expect(reading.discarded).toEqual([[1, 'missing']]);
    expect(reading.open).toBe(2);
  });

  it('none of one declared is ERR_FD_MISSING too', () => {
    using reading = new Reading(digits);
    reading.came('11a');
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_MISSING'));
  });

  it('more is ERR_FD_SURPLUS, and all are closed', () => {
    using reading = new Reading(digits);
    reading.came('11a', 3);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_SURPLUS'));
    expect(reading.discarded).toEqual([[3, 'surplus']]);
    expect(reading.open).toBe(0);
  });

  it('more keeps the first ones with onSurplus: close', () => {
    using reading = new Reading(digits, { onSurplus: 'close' });
    const came = reading.came('11a', 3);
    expect(reading.next()).toMatchObject({ text: '11a', fds: came.slice(0, 1) });
    expect(reading.discarded).toEqual([[2, 'surplus']]);
  });

  it('above maxFdsPerFrame is refused as soon as it is declared', () => {
    using reading = new Reading(digits, { maxFdsPerFrame: 2 });
    reading.came('93');
    expect(reading.reader.missing()).toBe(0);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_SURPLUS'));
  });

  it('above maxFdsPerFrame keeps so many with onSurplus: close', () => {
    using reading = new Reading(digits, { maxFdsPerFrame: 2, onSurplus: 'close' });
    const came = reading.came('13a', 3);
    expect(reading.next()).toMatchObject({ fds: came.slice(0, 2) });
    expect(reading.discarded).toEqual([[1, 'surplus']]);
  });
});

describe('attached', () => {
  it('is what is anchored in the frame, up to maxFdsPerFrame', () => {
    using reading = new Reading(attached('bounded'), { maxFdsPerFrame: 2 });
    const came = reading.came('10a', 2);
    reading.came('10b', 3);
    expect(reading.next()).toMatchObject({ text: '10a', fds: came });
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_SURPLUS'));
    expect(reading.open).toBe(0);
  });

  it('is not ambiguous although plain bytes of an earlier frame came in front, since the kernel joins those', () => {
    using reading = new Reading(attached('greedy'));
    const came = reading.came('10a10b', 1);
    reading.came('10c', 1);
    expect(reading.next()).toMatchObject({ fds: [], frame: { ambiguous: false } });
    expect(reading.next()).toMatchObject({ fds: came, frame: { ambiguous: false } });
    expect(reading.next()).toMatchObject({ text: '10c', frame: { ambiguous: false } });
  });

  it('goes to the frame in which its message begins, or with greedy reads ends, and all that it reaches into are ambiguous', () => {
    for (const reads of ['bounded', 'greedy'] as const) {
      using reading = new Reading(attached(reads));
      const came = reading.came('10a', 1, false, 4);
      reading.came('10b10c10d');
      const frames = [reading.next(), reading.next(), reading.next(), reading.next()];
      expect(frames.map((each) => each?.frame.ambiguous)).toEqual([true, true, true, false]);
      const whose = reads === 'bounded' ? [came, [], [], []] : [[], [], came, []];
      expect(frames.map((each) => each?.fds)).toEqual(whose);
    }
  });
});

describe('early', () => {
  const early = { ...digits, descriptors: 'early' as const };

  it('takes descriptors that rode ahead with one frame, which is no guess', () => {
    using reading = new Reading({ ...early, reads: 'greedy' });
    const came = reading.came('10a', 2);
    reading.came('12b');
    expect(reading.next()).toMatchObject({ text: '10a', fds: [] });
    expect(reading.next()).toMatchObject({ text: '12b', fds: came, frame: { ambiguous: false } });
  });

  it('takes those that rode ahead with several frames, which is no guess either', () => {
    using reading = new Reading({ ...early, reads: 'greedy' });
    const came = reading.came('10a10b', 2);
    reading.came('12c');
    expect([reading.next()?.fds, reading.next()?.fds]).toEqual([[], []]);
    expect(reading.next()).toMatchObject({ text: '12c', fds: came, frame: { ambiguous: false } });
  });

  it('says that it guessed where the window goes on behind the frame, and of the next one that declares some', () => {
    using reading = new Reading({ ...early, reads: 'greedy' });
    const came = reading.came('11a10b11c', 2);
    expect(reading.next()).toMatchObject({ fds: came.slice(0, 1), frame: { ambiguous: true } });
    expect(reading.next()).toMatchObject({ text: '10b', frame: { ambiguous: false } });
    expect(reading.next()).toMatchObject({ fds: came.slice(1), frame: { ambiguous: true } });
  });

  it('takes none that came after the frame: ERR_FD_MISSING', () => {
    using reading = new Reading(early);
    reading.came('11a');
    reading.came('10b', 1);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_MISSING'));
    expect(reading.open).toBe(1);
  });

  it('leaves what the frame did not declare to the next one', () => {
    using reading = new Reading(early);
    const came = reading.came('11a11b', 2);
    expect(reading.next()).toMatchObject({ fds: came.slice(0, 1) });
    expect(reading.next()).toMatchObject({ fds: came.slice(1) });
  });
});

describe('ahead', () => {
  const ahead = (bytes: number): FrameMeasure => ({ ...digits, reads: 'greedy', descriptors: { ahead: bytes } });

  it('takes what came so many bytes before the frame', () => {
    using reading = new Reading(ahead(4));
    const came = reading.came('10a', 1);
    reading.came('10b11c');
    expect([reading.next()?.fds, reading.next()?.fds]).toEqual([[], []]);
    expect(reading.next()).toMatchObject({ text: '11c', fds: came });
  });

  it('refuses what came before that, whether the frame declares any or not: ERR_FD_SURPLUS', () => {
    using reading = new Reading(ahead(3));
    reading.came('10a', 2);
    reading.came('10b10c');
    expect([reading.next()?.fds, reading.next()?.fds]).toEqual([[], []]);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_SURPLUS'));
    expect(reading.discarded).toEqual([[2, 'surplus']]);
  });

  it('closes it and goes on with onSurplus: close', () => {
    using reading = new Reading(ahead(3), { onSurplus: 'close' });
    reading.came('10a', 2);
    reading.came('10b');
    const came = reading.came('11c', 1);
    expect([reading.next()?.fds, reading.next()?.fds, reading.next()?.fds]).toEqual([[], [], came]);
    expect(reading.discarded).toEqual([[2, 'surplus']]);
  });

  it.each([
    [{ ahead: -1 }, RangeError],
    [{ ahead: 1.5 }, RangeError],
    [{ ahead: Infinity }, RangeError],
    [{ ahead: '1' }, TypeError],
    [{}, TypeError],
    [null, TypeError],
    ['late', TypeError],
  ])('%j is no such rule', (descriptors, error) => {
    expect(() => new Reading({ ...digits, descriptors } as FrameMeasure)).toThrow(error);
  });
});

describe('a truncated bundle', () => {
  it('fails its frame with ERR_FD_TRUNCATED, and what was delivered is closed', () => {
    using reading = new Reading(digits);
    reading.came('13a', 2, true);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_TRUNCATED'));
    expect(reading.discarded).toEqual([[2, 'truncated']]);
  });

  it('is handed out with onTruncated: mark, and the next frame is whole', () => {
    using reading = new Reading(digits, { onTruncated: 'mark' });
    const came = reading.came('13a', 2, true);
    const next = reading.came('11b', 1);
    expect(reading.next()).toMatchObject({ fds: came, frame: { truncated: true } });
    expect(reading.next()).toMatchObject({ fds: next, frame: { truncated: false } });
  });
});

describe('a frame that never ends', () => {
  it('may not pile up descriptors: ERR_FD_SURPLUS above maxFdsPerFrame', () => {
    using reading = new Reading(attached('bounded'), { maxFdsPerFrame: 3 });
    reading.came('90a', 3);
    expect(reading.next()).toBeUndefined();
    reading.came('b', 1);
    expect(() => reading.next()).toThrow(failsWith('ERR_FD_SURPLUS'));
    expect(reading.discarded).toEqual([[4, 'surplus']]);
  });

  it('keeps the first ones with onSurplus: close', () => {
    using reading = new Reading(attached('bounded'), { maxFdsPerFrame: 1, onSurplus: 'close' });
    const came = reading.came('20a', 2);
    expect(reading.next()).toBeUndefined();
    reading.came('b', 1);
    expect(reading.next()).toMatchObject({ text: '20ab', fds: came.slice(0, 1) });
    expect(reading.discarded).toEqual([
      [1, 'surplus'],
      [1, 'surplus'],
    ]);
  });
});

it('descriptors left over from frames read before belong to no frame: they are closed and reported', () => {
  using reading = new Reading(digits);
  reading.came('ab', 1);
  reading.queue.takeBytes(2);
  const came = reading.came('11c', 1);
  expect(reading.next()).toMatchObject({ text: '11c', fds: came });
  expect(reading.discarded).toEqual([[1, 'incomplete']]);
});
