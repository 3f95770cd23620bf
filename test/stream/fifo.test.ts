import fc from 'fast-check';
import { Fifo } from '../../packages/stream/fifo';
import { propertyRuns } from '../support/properties';

/** The same operations on an array, which says what each must answer. */
const operations = fc.array(
  fc.oneof(
    { weight: 60, arbitrary: fc.record({ call: fc.constant('push' as const), item: fc.nat(5) }) },
    { weight: 50, arbitrary: fc.record({ call: fc.constant('shift' as const), item: fc.constant(0) }) },
    { weight: 10, arbitrary: fc.record({ call: fc.constant('shiftFirst' as const), item: fc.nat(50) }) },
    { weight: 10, arbitrary: fc.record({ call: fc.constant('unshift' as const), item: fc.nat(5) }) },
    { weight: 10, arbitrary: fc.record({ call: fc.constant('replaceFront' as const), item: fc.nat(5) }) },
    { weight: 10, arbitrary: fc.record({ call: fc.constant('remove' as const), item: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ call: fc.constant('clear' as const), item: fc.constant(0) }) },
  ),
  { maxLength: 400, size: 'max' },
);

it('answers as an array would, whatever the order of calls', () => {
  fc.assert(
    fc.property(operations, (calls) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      for (const { call, item } of calls) {
        if (call === 'push') {
          fifo.push(item);
          model.push(item);
        } else if (call === 'shift') expect(fifo.shift()).toBe(model.shift());
        else if (call === 'shiftFirst') {
          const count = Math.min(item, model.length);
          expect(fifo.shiftFirst(count)).toEqual(model.splice(0, count));
        } else if (call === 'unshift') {
          fifo.unshift(item);
          model.unshift(item);
        } else if (call === 'replaceFront') {
          fifo.replaceFront(item);
          if (model.length > 0) model[0] = item;
        } else if (call === 'remove') {
          const at = model.indexOf(item);
          expect(fifo.remove(item)).toBe(at !== -1);
          if (at !== -1) model.splice(at, 1);
        } else {
          expect(fifo.clear()).toEqual(model);
          model = [];
        }
        expect(fifo.length).toBe(model.length);
        expect(fifo.front).toBe(model[0]);
      }
      expect([...fifo]).toEqual(model);
    }),
    propertyRuns,
  );
});

it('forgets what was shifted, so that a queue in steady use does not grow', () => {
  const fifo = new Fifo<object>();
  fifo.push({});
  const sliced = jest.spyOn(Array.prototype, 'slice');
  let copied = 0;
  try {
    for (let turn = 0; turn < 10_000; turn++) {
      fifo.push({});
      fifo.shift();
    }
    for (const { value } of sliced.mock.results) copied += Array.isArray(value) ? value.length : 0;
    // What is shifted out is dropped every 32 items or so, and what little is left is copied then.
    expect(sliced.mock.calls.length).toBeGreaterThan(100);
  } finally {
    sliced.mockRestore();
  }
  expect(copied).toBeLessThan(20_000);
  expect(fifo.length).toBe(1);
});
