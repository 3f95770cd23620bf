import { modelSocketPair } from '../../packages/ancillary/testing';
import type { FaultRate, KernelName, ModelWorld } from '../../packages/binding-model';
import { OwnedFd } from '../../packages/binding';
import { lengthPrefixed, type LengthPrefixedOptions } from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';

// A kernel that loses descriptors on their way when their sender closes its own (docs/kernel.md 25), and one that does not.

const SEEDS = 60;
const COUNT = 12;
const FAULTS = ['lost', 'short-read', 'short-write', 'eagain', 'eintr', 'etoomanyrefs'] as const;

interface Outcome {
  /** Names of what came, in order, and of what `send()` said that the peer has. */
  readonly came: readonly string[];
  readonly delivered: readonly string[];
  readonly code: unknown;
}

/** Messages with files that the sender closes as soon as it has sent them, both ways. */
async function exchange(
  kernel: KernelName,
  seed: number,
  options: LengthPrefixedOptions,
  faults: FaultRate = { rate: 0.3, what: FAULTS },
): Promise<Outcome[]> {
  const pair = modelSocketPair({ kernel, seed, faults, sndbuf: 4608 });
  const { world } = pair;
  for (const socket of pair) socket.on('error', () => undefined);
  const ends = pair.map((socket) => framed(socket, lengthPrefixed(options)));
  const outcomes = await Promise.all([0, 1].map((to) => oneWay(world, ends, to as 0 | 1)));
  await Promise.all(ends.map((end) => end.close({ timeout: Infinity })));
  await world.idle();
  expect(world.openDescriptors()).toEqual([[], []]);
  return outcomes;
}

type Ends = Framed<{ bytes: Buffer; fds: OwnedFd[] }, { bytes: Buffer; fds: OwnedFd[] }>[];

async function oneWay(world: ModelWorld, ends: Ends, to: 0 | 1): Promise<Outcome> {
  const [sender, receiver] = to === 1 ? ends : [...ends].reverse();
  if (sender === undefined || receiver === undefined) throw new Error('a pair has two ends');
  const delivered: string[] = [];
  const came: string[] = [];
  const sends = Array.from({ length: COUNT }, (_, index) => {
    const names = Array.from({ length: index % 4 }, (__, at) => `${to}.${index}.${at}`);
    const files = names.map((name) => world.open(name, to === 1 ? 0 : 1));
    const sent = sender.send({ bytes: Buffer.alloc(index * 150, index), fds: files });
    OwnedFd.closeAll(files);
    return sent.then(() => delivered.push(...names));
  });
  const settled = Promise.allSettled(sends);
  let code: unknown;
  try {
    let count = 0;
    for await (const { fds } of receiver) {
      came.push(...fds.map((fd) => world.identity(fd)));
      OwnedFd.closeAll(fds);
      if (++count === COUNT) break;
    }
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  await settled;
  return { came, delivered, code };
}

const all = (to: number): string[] =>
  Array.from({ length: COUNT }, (_, index) =>
    Array.from({ length: index % 4 }, (__, at) => `${to}.${index}.${at}`),
  ).flat();

describe.each<KernelName>(['linux', 'bsd', 'darwin'])('on %s', (kernel) => {
  it.each([1, 2, 64])(
    'with the window %d none is lost or doubled, although the sender closes its own',
    async (window) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const outcomes = await exchange(kernel, seed, { acknowledge: { window } });
        for (const [to, { came, delivered, code }] of outcomes.entries())
          expect([seed, code, came, delivered]).toEqual([seed, undefined, all(to), all(to)]);
      }
    },
  );

  it('where the connection breaks, all that is acknowledged has come, and nothing stays open', async () => {
    let unknown = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const faults = { rate: 0.1, what: [...FAULTS, 'reset', 'eof'] } as const;
      const outcomes = await exchange(kernel, seed, { acknowledge: { window: 3 } }, faults);
      for (const [to, { came, delivered }] of outcomes.entries()) {
        expect([seed, came]).toEqual([seed, all(to).slice(0, came.length)]);
        expect([seed, delivered]).toEqual([seed, came.slice(0, delivered.length)]);
        unknown += came.length - delivered.length;
      }
    }
    expect(unknown).toBeGreaterThan(0);
  });

  it(`without it ${kernel === 'darwin' ? 'some are lost' : 'none is lost either'}`, async () => {
    let lost = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      for (const { came, delivered, code } of await exchange(kernel, seed, {})) {
        // What send() says is only that the kernel has it.
        if (code === 'ERR_FD_MISSING') lost += Number(delivered.length > came.length);
      }
    }
    if (kernel === 'darwin') expect(lost).toBeGreaterThan(0);
    else expect(lost).toBe(0);
  });
});
