import fc from 'fast-check';
import type { FdSocket } from '../../packages/stream';
import { propertyRuns } from '../support/properties';
import { type Kernel, onEach } from './kernel';
import { kernelsWithFaults } from './kernels';
import { received, SentFiles } from './sent-files';
import { openSockets } from './sockets';

// However send(), write() and writeFds() are mixed, what arrives is in the order of the calls: bytes, and whose
// descriptors are whose.

type Step =
  | { readonly do: 'send' | 'write' | 'writeFds'; readonly length: number; readonly fds: number }
  | { readonly do: 'cork' | 'uncork' | 'await' | 'microtask' | 'turn' | 'abort' };

const lengths = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: 41, max: 9_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 300_000 }) },
);
const sending = fc.record({
  do: fc.constantFrom('send' as const, 'send' as const, 'write' as const, 'writeFds' as const),
  length: lengths,
  fds: fc.constantFrom(0, 0, 1, 2),
});
const other = fc.record({
  do: fc.constantFrom('cork', 'uncork', 'await', 'microtask', 'turn', 'abort') as fc.Arbitrary<'cork'>,
});
const programs = fc.array(fc.oneof({ weight: 4, arbitrary: sending }, { weight: 1, arbitrary: other }), {
  minLength: 1,
  maxLength: 40,
});

/** Files, and a byte of the stream that surely belongs to the call that sent them. */
type Came = readonly [at: number, files: readonly string[]];

class Sender {
  /** What must arrive. */
  readonly chunks: Buffer[] = [];
  /** By call, and only of those that sent some. */
  readonly files: { start: number; end: number; files: readonly string[] }[] = [];
  #length = 0;
  readonly #socket: FdSocket;
  readonly #sent: SentFiles;
  #pending: Promise<unknown>[] = [];
  #calls = 0;
  #corks = 0;

  constructor(socket: FdSocket, sent: SentFiles) {
    this.#socket = socket;
    this.#sent = sent;
  }

  async run(program: readonly Step[]): Promise<void> {
    for (const step of program) await this.#step(step);
    while (this.#corks > 0) this.#uncork();
    this.#socket.end();
    await Promise.all(this.#pending);
  }

  async #step(step: Step): Promise<void> {
    if ('length' in step) this.#send(step);
    else if (step.do === 'cork') {
      this.#corks++;
      this.#socket.cork();
    } else if (step.do === 'uncork') this.#uncork();
    else if (step.do === 'await' && this.#corks === 0) await Promise.all(this.#pending.splice(0));
    else if (step.do === 'microtask') await Promise.resolve();
    else if (step.do === 'turn') await new Promise(setImmediate);
    else if (step.do === 'abort') this.#abort();
  }

  #send({ do: how, length, fds: count }: Extract<Step, { length: number }>): void {
    const bytes = Buffer.alloc(length, (this.#calls++ % 255) + 1);
    const which = Array.from({ length: how === 'write' ? 0 : count }, (_, index) => (this.#calls + index) % 4);
    const fds = which.map((index) => this.#sent.numbers[index] ?? -1);
    this.chunks.push(bytes);
    const files = which.map((index) => this.#sent.identities[index] ?? '');
    if (files.length > 0) this.files.push({ start: this.#length, end: this.#length + length, files });
    this.#length += length;
    if (how === 'send') this.#pending.push(this.#socket.send(bytes, fds));
    else if (how === 'write') this.#pending.push(new Promise((resolve) => this.#socket.write(bytes, resolve)));
    else this.#pending.push(new Promise((resolve) => this.#socket.writeFds(bytes, fds, resolve)));
  }

  /** Of which nothing may be seen, if nothing of it left. */
  #abort(): void {
    const controller = new AbortController();
    controller.abort();
    const sent = this.#socket.send('never', [], { signal: controller.signal });
    this.#pending.push(sent.catch(() => undefined));
  }

  #uncork(): void {
    if (this.#corks === 0) return;
    this.#corks--;
    this.#socket.uncork();
  }
}

async function receive(kernel: Kernel, receiver: FdSocket): Promise<[Buffer, Came[]]> {
  const chunks: Buffer[] = [];
  const came: Came[] = [];
  const last = kernel.bindings[1].anchor === 'last-byte';
  for await (const frame of receiver.frames()) {
    using closing = frame;
    chunks.push(closing.bytes);
    const { start, end } = closing.range;
    if (closing.fds.length > 0) came.push([last ? end - 1 : start, received(kernel, closing.fds)]);
  }
  return [Buffer.concat(chunks), came];
}

onEach(kernelsWithFaults, (test) => {
  test('the order on the wire is the order of the calls', async (kernel) => {
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        using files = new SentFiles(kernel, 4);
        using sockets = openSockets(kernel);
        const sender = new Sender(sockets.sender, files);
        const [[stream, came]] = await Promise.all([receive(kernel, sockets.receiver), sender.run(program)]);
        expect(Buffer.concat(sender.chunks).equals(stream)).toBe(true);
        expect(came.map(([, each]) => each)).toEqual(sender.files.map((call) => call.files));
        for (const [index, { start, end }] of sender.files.entries()) {
          expect(came[index]?.[0]).toBeGreaterThanOrEqual(start);
          expect(came[index]?.[0]).toBeLessThan(end);
        }
      }),
      { numRuns: Math.ceil(propertyRuns.numRuns / 5) },
    );
  });
});
