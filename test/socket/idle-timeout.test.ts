import { once } from 'node:events';
import { type FdSocket, socketpair } from '../../packages/ancillary';
import { built } from '../support/built';
import { node } from '../support/children';
import { closed, codeOf, destroyed } from './sockets';

describe('setTimeout() of a socket', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] }));
  afterEach(() => jest.useRealTimers());

  let left: FdSocket;
  let right: FdSocket;
  let timeouts: number;
  beforeEach(() => {
    [left, right] = socketpair();
    timeouts = 0;
    left.on('timeout', () => timeouts++);
  });
  afterEach(() => destroyed(left, right));

  it(`emits 'timeout' once nothing went through for so long, and leaves the socket as it is`, () => {
    expect(left.timeout).toBeUndefined();
    expect(left.setTimeout(100)).toBe(left);
    expect(left.timeout).toBe(100);
    jest.advanceTimersByTime(99);
    expect(timeouts).toBe(0);
    jest.advanceTimersByTime(10_000);
    expect([timeouts, left.destroyed]).toEqual([1, false]);
  });

  it('begins anew with whatever is received or sent, also when it is over', async () => {
    const exchange: (() => Promise<unknown>)[] = [
      () => left.send('x'),
      () => right.receive(1),
      async () => {
        right.write('yy');
        await left.receive(2);
      },
      () => new Promise((resolve) => left.write('z', resolve)),
    ];
    left.setTimeout(100);
    for (const transfer of exchange) {
      jest.advanceTimersByTime(90);
      await transfer();
    }
    // Of the four, the one that is received by the other end is no traffic of this one.
    expect(timeouts).toBe(1);
    jest.advanceTimersByTime(99);
    expect(timeouts).toBe(1);
    jest.advanceTimersByTime(1);
    expect(timeouts).toBe(2);
    await left.send('x');
    jest.advanceTimersByTime(100);
    expect(timeouts).toBe(3);
  });

  it('has one time only: the last that was set, and none with 0', () => {
    left.setTimeout(10).setTimeout(1_000);
    jest.advanceTimersByTime(999);
    expect(timeouts).toBe(0);
    expect(left.setTimeout(0).timeout).toBe(0);
    jest.advanceTimersByTime(10_000);
    expect(timeouts).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes a listener for once, and back with 0', () => {
    const heard: string[] = [];
    const listener = (): void => void heard.push('again');
    left.setTimeout(10, () => heard.push('first'));
    left.setTimeout(10, listener).setTimeout(0, listener);
    left.setTimeout(10);
    jest.advanceTimersByTime(10);
    left.emit('timeout');
    expect(heard).toEqual(['first']);
  });

  it('is over when the socket is destroyed, and does nothing afterwards', async () => {
    left.setTimeout(10);
    left.destroy();
    await closed(left);
    left.setTimeout(20);
    expect(left.timeout).toBe(10);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('refuses what is no time and no listener, and keeps the time that was set', async () => {
    left.setTimeout(10);
    for (const time of [-1, NaN, Infinity]) expect(await codeOf(() => left.setTimeout(time))).toBe('ERR_OUT_OF_RANGE');
    expect(await codeOf(() => left.setTimeout('10' as never))).toBe('ERR_INVALID_ARG_TYPE');
    expect(await codeOf(() => left.setTimeout(20, 'x' as never))).toBe('ERR_INVALID_ARG_TYPE');
    expect(left.timeout).toBe(10);
    jest.advanceTimersByTime(10);
    expect(timeouts).toBe(1);
  });

  it('takes a time that is too long for a timer as the longest', () => {
    left.setTimeout(2 ** 40);
    jest.advanceTimersByTime(1_000_000);
    expect([timeouts, left.timeout]).toEqual([0, 2 ** 40]);
  });
});

it('a timeout does not keep the process alive', async () => {
  const { stdout } = await node(`
    const { socketpair } = require(${JSON.stringify(built())});
    const pair = socketpair();
    for (const socket of pair) socket.setTimeout(1_000_000, () => console.log('timeout'));
    process.on('exit', () => console.log('over'));
  `).succeeded();
  expect(stdout).toBe('over\n');
});

it(`a listener for 'timeout' may destroy the socket`, async () => {
  const [left, right] = socketpair();
  left.setTimeout(1, () => left.destroy(new Error('too slow')));
  expect(await once(left, 'error')).toMatchObject([{ message: 'too slow' }]);
  await destroyed(right);
});
