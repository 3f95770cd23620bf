import { type FdSocket, type FrameCodec, OwnedFd } from '../../packages/ancillary';
import { forward, ForwardError, type Forwarding, type ForwardOptions } from '../../packages/ancillary/proxy';
import { type FaultName, modelSocketPair } from '../../packages/ancillary/testing';
import { lengthPrefixed, type LengthPrefixedMessage } from '../../packages/codec';
import { randomNumbers } from '../properties/traffic';
import { destroyed } from '../socket/sockets';

// A proxy between two models of a kernel, each of which cuts reads and writes, refuses and delays as its seed has it.

const SEEDS = 15;
const codec = lengthPrefixed();
const COUNT = 40;
const DELAYS = ['short-read', 'short-write', 'eagain', 'eintr', 'etoomanyrefs'] as const;
const BREAKS = ['emfile', 'reset', 'eof'] as const;

type Pair = ReturnType<typeof modelSocketPair>;

/** Two models, with the proxy between them, and frames on their way in both directions. */
class Between {
  readonly client: FdSocket;
  readonly server: FdSocket;
  readonly forwarding: Forwarding;
  readonly #pairs: readonly [Pair, Pair];

  constructor(seed: number, what: readonly FaultName[], options: ForwardOptions) {
    const random = randomNumbers(seed);
    const make = (of: number): Pair => {
      const sndbuf = random(0, 1) === 0 ? 4608 : undefined;
      return modelSocketPair({ seed: of, faults: { rate: random(0, 3) / 10, what }, sndbuf });
    };
    const [[client, from], [to, server]] = (this.#pairs = [make(seed), make(seed + 1000)]);
    for (const socket of [client, server]) socket.on('error', () => undefined);
    [this.client, this.server] = [client, server];
    this.forwarding = forward(from, to, options);
    this.forwarding.catch(() => undefined);
    for (const [end, socket] of [client, server].entries()) this.#send(end as 0 | 1, socket, random);
  }

  #send(end: 0 | 1, socket: FdSocket, random: (least: number, most: number) => number): void {
    const { world } = this.#pairs[end];
    for (let index = 0; index < COUNT; index++) {
      const bytes = Buffer.alloc(random(0, 20) === 0 ? 9000 : random(0, 60), index);
      const own = Array.from({ length: random(0, 3) }, (_, at) => world.open(`${end}.${index}.${at}`, end));
      const frame = codec.encode({ bytes, fds: own });
      socket.send(frame.bytes, own, { transfer: true }).catch(() => undefined);
    }
    socket.end();
  }

  /** Checks what comes to both ends, and returns how many frames that are. */
  come(reading: FrameCodec<LengthPrefixedMessage, never>): Promise<PromiseSettledResult<void>[]> {
    const ends = [this.server, this.client].map((socket, end) => {
      const { world } = this.#pairs[end as 0 | 1];
      let index = 0;
      return socket.forEachFrame((frame) => {
        const { bytes, fds } = codec.decode(frame);
        const names = fds.map((fd) => world.identity(fd));
        OwnedFd.closeAll(fds);
        const own = names.map((_, at) => `${end}.${index}.${at}`);
        expect([bytes.every((byte) => byte === index), names]).toEqual([true, own]);
        index++;
      }, reading);
    });
    return Promise.allSettled(ends);
  }

  /** Nothing is open once all is closed. */
  async closed(): Promise<void> {
    await destroyed(this.client, this.server);
    for (const { world } of this.#pairs) {
      await world.idle();
      expect(world.openDescriptors()).toEqual([[], []]);
    }
  }
}

it.each([
  ['messages', { codec }, codec],
  // Which of the bytes in a segment they came with is not known: whoever takes them in their order has all in time.
  ['segments', {}, { ...codec, descriptors: 'early' as const }],
])('passes %s on with the same descriptors, both ways, whatever the kernel does', async (_what, options, reading) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const between = new Between(seed, DELAYS, options);
    expect(await between.come(reading)).toEqual([0, 1].map(() => ({ status: 'fulfilled', value: undefined })));
    const { from, to } = await between.forwarding;
    expect([from.bytes, to.bytes]).toEqual([between.client.stats.bytesWritten, between.server.stats.bytesWritten]);
    expect([from.fds, to.fds]).toEqual([between.client.stats.fdsSent, between.server.stats.fdsSent]);
    await between.closed();
  }
});

it('passes on what came before a connection breaks or loses descriptors, tells the side, and leaves nothing open', async () => {
  const codes = new Set<unknown>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const between = new Between(seed, [...DELAYS, ...BREAKS], { codec });
    for (const outcome of await between.come(codec)) {
      if (outcome.status === 'rejected') expect(outcome.reason).toHaveProperty('code');
    }
    await between.forwarding.catch((error: unknown) => {
      expect(error).toBeInstanceOf(ForwardError);
      codes.add((error as ForwardError).code);
    });
    await between.closed();
  }
  expect(codes).toContain('ERR_FD_TRUNCATED');
  expect(codes).toContain('ECONNRESET');
});
