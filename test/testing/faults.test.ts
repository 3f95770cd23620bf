import { type Fault, modelSocketPair, ModelWorld } from '../../packages/ancillary/testing';
import { type Delivery, deliver, START, stretches } from './delivery';

const kernels = ['linux', 'bsd', 'darwin'] as const;
const ALL = [
  ['plain', [], false],
  ['two', ['a', 'b'], false],
  ['none', [], false],
  ['one', ['c'], false],
];
const SENT = ['sent', 'sent', 'sent', 'sent'];

/** Every fault has its effect whatever the schedule. */
function onEveryKernel(title: string, run: (kernel: (typeof kernels)[number], seed: number) => Promise<unknown>): void {
  test.each(kernels)(`on %s, ${title}`, async (kernel) => {
    for (let seed = 0; seed < 25; seed++) await run(kernel, seed);
  });
}

function how({ sends }: Delivery): string[] {
  return sends.map(([each]) => each);
}

function expectAll(delivery: Delivery): void {
  expect([delivery.frames, delivery.end, how(delivery)]).toEqual([ALL, 'end', SENT]);
  expect(delivery.pair.world.faultsLeft).toEqual([]);
  expect(delivery.pair.world.openDescriptors()).toEqual([[], []]);
}

describe('what a program bears without noticing', () => {
  onEveryKernel("'short-write' in front of a byte sends a part of what follows, once", async (kernel, seed) => {
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'short-write', at: START.two + 2 }] });
    expectAll(delivery);
    const sent = stretches(delivery, 'sendmsg');
    const index = sent.findIndex(([start]) => start === START.two + 2);
    const [, end = 0] = sent[index] ?? [];
    expect(end).toBeLessThan(START.one);
    expect(sent[index - 1]).toEqual([START.two, START.two + 2]);
    // The rest has no descriptors any more, and goes with the plain frame behind it.
    expect(sent.slice(index + 1)).toEqual([
      [end, START.one],
      [START.one, START.end],
    ]);
  });

  onEveryKernel("'short-write' in a call takes all descriptors with the first part", async (kernel, seed) => {
    // The first frame is one call, and the second one with its descriptors another.
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'short-write', at: { message: 1 }, socket: 0 }] });
    expectAll(delivery);
    const [, first, second] = delivery.pair.world.timeline.filter(({ what }) => what === 'sendmsg');
    expect(first).toMatchObject({ start: START.two, fds: ['a', 'b'] });
    expect(second).toMatchObject({ start: first?.end, fds: [] });
    expect(first?.end).toBeLessThan(START.none);
  });

  onEveryKernel("'short-read' in front of a byte reads that byte alone", async (kernel, seed) => {
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'short-read', at: { byte: START.none + 1 } }] });
    expectAll(delivery);
    expect(stretches(delivery, 'recvmsg')).toContainEqual([START.none + 1, START.none + 2]);
  });

  onEveryKernel("'short-read' in a call reads one byte in the call of that number", async (kernel, seed) => {
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'short-read', at: { message: 0 } }] });
    expectAll(delivery);
    expect(stretches(delivery, 'recvmsg')[0]).toEqual([0, 1]);
  });

  onEveryKernel("'eagain' of a sendmsg makes the frame wait in front of that byte", async (kernel, seed) => {
    const fault: Fault = { what: 'eagain', at: START.one, call: 'sendmsg' };
    const delivery = await deliver({ kernel, seed, faults: [fault] });
    expectAll(delivery);
    expect([delivery.atOnce, (await deliver({ kernel, seed })).atOnce]).toEqual([START.one, START.end]);
    // Room comes back without the clock.
    expect(delivery.pair.world.now).toBe(0);
  });

  onEveryKernel("'eagain' of a recvmsg ends the wake-up in front of that byte", async (kernel, seed) => {
    const world = new ModelWorld({ kernel, seed, faults: [{ what: 'eagain', at: 3, call: 'recvmsg' }] });
    const wakeUps: string[] = [];
    const [sender, receiver] = world.socketpair().map((socket, place) =>
      world.bindings[place === 0 ? 0 : 1].open(socket, {
        inbox: { deliver: (segments) => wakeUps.push(segments.map(({ bytes }) => bytes.toString()).join('')) },
        writable: () => undefined,
        hangup: () => undefined,
        failed: () => undefined,
      }),
    );
    receiver?.allowReading(1000, 1000);
    sender?.sendParts([{ bytes: Buffer.from('abcdef'), fds: [] }]);
    await world.idle();
    expect(wakeUps.join('')).toBe('abcdef');
    expect(wakeUps.filter((bytes) => bytes.includes('cd'))).toEqual([]);
    for (const socket of [sender, receiver]) socket?.close();
  });

  onEveryKernel("'eintr' changes nothing but the numbers of the calls behind it", async (kernel, seed) => {
    const faults: Fault[] = [
      { what: 'eintr', at: { message: 0 }, call: 'sendmsg' },
      // What was interrupted is call 1 when it is made again, and the frame with two descriptors is call 2.
      { what: 'short-write', at: { message: 2 }, call: 'sendmsg' },
      { what: 'eintr', at: { message: 0 }, call: 'recvmsg' },
      { what: 'short-read', at: { message: 1 }, call: 'recvmsg' },
    ];
    const delivery = await deliver({ kernel, seed, faults });
    expectAll(delivery);
    expect(stretches(delivery, 'sendmsg')[1]?.[1]).toBeLessThan(START.none);
    expect(stretches(delivery, 'recvmsg')[0]).toEqual([0, 1]);
  });

  onEveryKernel(
    "'etoomanyrefs' waits on the model's clock, keeps the order, and goes through",
    async (kernel, seed) => {
      const faults = new Array<Fault>(2).fill({ what: 'etoomanyrefs', at: START.one });
      const delivery = await deliver({ kernel, seed, faults });
      expectAll(delivery);
      const [plain, two, none, one] = delivery.sends.map(([, at]) => at);
      // 1 ms, and then twice as long.
      expect([plain, two, none, one]).toEqual([0, 0, 0, 3]);
    },
  );

  onEveryKernel(
    "'etoomanyrefs' passes over bytes without descriptors, and comes with the next",
    async (kernel, seed) => {
      const delivery = await deliver({ kernel, seed, faults: [{ what: 'etoomanyrefs', at: 0 }] });
      expectAll(delivery);
      expect(delivery.sends.map(([, at]) => at > 0)).toEqual([false, true, true, true]);
    },
  );
});

describe('what a program has to face', () => {
  onEveryKernel("'emfile' loses the descriptors of the frame at that byte: ERR_FD_TRUNCATED", async (kernel, seed) => {
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'emfile', at: START.two }] });
    expect([delivery.frames, delivery.end]).toEqual([ALL.slice(0, 1), 'ERR_FD_TRUNCATED']);
    expect(delivery.pair.world.faultsLeft).toEqual([]);
    expect(delivery.pair.world.openDescriptors()).toEqual([[], []]);
  });

  onEveryKernel(
    "'emfile' from a byte on comes with the next descriptors, once, and 'mark' marks it",
    async (kernel, seed) => {
      const faults: Fault[] = [{ what: 'emfile', at: 3 }];
      const delivery = await deliver({ kernel, seed, faults, socket: { onTruncated: 'mark' } });
      expect(delivery.frames).toEqual([ALL[0], ['two', [], true], ALL[2], ALL[3]]);
      expect([delivery.end, delivery.pair.world.faultsLeft]).toEqual(['end', []]);
    },
  );

  onEveryKernel("'emfile' with a free number lets a prefix arrive where the kernel does", async (kernel, seed) => {
    const faults: Fault[] = [{ what: 'emfile', at: START.two, free: 1 }];
    const delivery = await deliver({ kernel, seed, faults, socket: { onTruncated: 'mark' } });
    expect(delivery.frames[1]).toEqual(['two', kernel === 'linux' ? ['a'] : [], true]);
    expect(delivery.pair.world.openDescriptors()).toEqual([[], []]);
  });

  onEveryKernel("'emfile' with enough free numbers does not happen", async (kernel, seed) => {
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'emfile', at: START.two, free: 2 }] });
    expect([delivery.frames, delivery.end]).toEqual([ALL, 'end']);
    expect(delivery.pair.world.faultsLeft).toHaveLength(1);
  });

  onEveryKernel("'reset' of a recvmsg is ECONNRESET in front of that byte", async (kernel, seed) => {
    const faults: Fault[] = [{ what: 'reset', at: START.none + 2, call: 'recvmsg' }];
    const delivery = await deliver({ kernel, seed, faults });
    expect([delivery.frames, delivery.end]).toEqual([ALL.slice(0, 2), 'ECONNRESET']);
    expect(delivery.pair.world.openDescriptors()).toEqual([[], []]);
  });

  onEveryKernel("'reset' of a sendmsg is EPIPE for that frame and those behind it", async (kernel, seed) => {
    const faults: Fault[] = [{ what: 'reset', at: START.none, call: 'sendmsg' }];
    const delivery = await deliver({ kernel, seed, faults });
    expect(how(delivery)).toEqual(['sent', 'sent', 'EPIPE', 'EPIPE']);
    expect([delivery.frames, delivery.end]).toEqual([ALL.slice(0, 2), 'end']);
    expect(delivery.pair.world.openDescriptors()).toEqual([[], []]);
  });

  onEveryKernel(
    "'eof' inside a frame is ERR_FRAME_INCOMPLETE, and its descriptors are closed",
    async (kernel, seed) => {
      const delivery = await deliver({ kernel, seed, faults: [{ what: 'eof', at: START.two + 4 }] });
      expect([delivery.frames, delivery.end]).toEqual([ALL.slice(0, 1), 'ERR_FRAME_INCOMPLETE']);
      expect(delivery.pair.world.openDescriptors()).toEqual([[], []]);
    },
  );

  onEveryKernel("'eof' between frames is the end", async (kernel, seed) => {
    const delivery = await deliver({ kernel, seed, faults: [{ what: 'eof', at: START.none }] });
    expect([delivery.frames, delivery.end]).toEqual([ALL.slice(0, 2), 'end']);
  });
});

describe('where', () => {
  onEveryKernel(
    'a fault waits for something to be read, and is not used up on a socket that is empty',
    async (kernel, seed) => {
      const pair = modelSocketPair({ kernel, seed, faults: [{ what: 'short-read', at: 6 }] });
      const [a, b] = pair;
      b.resume();
      for (const text of ['abcdef', 'ghijkl']) {
        a.write(text);
        await pair.world.idle();
      }
      for (const socket of pair) socket.destroy();
      const reads = pair.world.timeline.filter(({ what }) => what === 'recvmsg').map(({ start, end }) => [start, end]);
      expect(reads).toContainEqual([6, 7]);
    },
  );

  test('a fault of one socket does not happen in the other', async () => {
    const faults: Fault[] = [{ what: 'short-write', at: START.two, socket: 1 }];
    const delivery = await deliver({ seed: 1, faults });
    expect(stretches(delivery, 'sendmsg')).toHaveLength(4);
    expect(delivery.pair.world.faultsLeft).toEqual(faults);
  });

  test('a fault that both calls can have happens in the one that gets there first', async () => {
    const { pair, end } = await deliver({ seed: 1, faults: [{ what: 'reset', at: START.two }] });
    expect([end, pair.world.faultsLeft]).toEqual(['end', []]);
  });

  test('a number, and { byte }, are the same place', async () => {
    for (const at of [START.one + 1, { byte: START.one + 1 }]) {
      const delivery = await deliver({ seed: 1, faults: [{ what: 'eof', at }] });
      expect([delivery.frames.length, delivery.end]).toEqual([3, 'ERR_FRAME_INCOMPLETE']);
    }
  });

  test('faults that find no place are left, as they were given', async () => {
    const faults: Fault[] = [
      { what: 'eof', at: 1000 },
      { what: 'short-read', at: { message: 0 } },
      { what: 'eagain', at: { message: 1000 } },
      { what: 'etoomanyrefs', at: START.one + 1 },
      { what: 'emfile', at: START.end, socket: 1 },
    ];
    const { pair, end } = await deliver({ seed: 1, faults });
    expect([end, pair.world.faultsLeft]).toEqual(['end', faults.filter(({ what }) => what !== 'short-read')]);
  });
});
