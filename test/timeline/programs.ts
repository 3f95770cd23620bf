import fc from 'fast-check';
import { KernelError, KernelModel, type KernelName, MSG_OOB, type TraceEvent } from '../../packages/binding-model';

/** One call of a program, on one of two pairs of sockets. */
type Step =
  | { readonly pair: 0 | 1; readonly send: number; readonly fds: number; readonly flags: number }
  | { readonly pair: 0 | 1; readonly receive: number; readonly controlLength: number; readonly flags: number };

const lengths = fc.oneof({ weight: 8, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(50_000) });
const flags = fc.constantFrom(0, 0, 0, 0, 0, MSG_OOB);
const pair = fc.constantFrom(0, 0, 1);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ pair, send: lengths, fds: fc.constantFrom(0, 0, 1, 2, 7), flags }),
    fc.record({ pair, receive: lengths, controlLength: fc.constantFrom(0, 24, 1040), flags }),
  ),
  { maxLength: 30 },
);

/** What happened when a program of random calls ran; calls that fail are no part of it. */
export const timelines: fc.Arbitrary<TraceEvent[]> = fc
  .record({ kernel: fc.constantFrom<KernelName>('linux', 'bsd', 'darwin'), steps })
  .map((program) => timelineOf(program.kernel, program.steps));

function timelineOf(kernel: KernelName, program: readonly Step[]): TraceEvent[] {
  const events: TraceEvent[] = [];
  const model = new KernelModel({ kernel, trace: (event) => events.push(event) });
  const [sender, receiver] = [model.process(), model.process({ firstFd: 0 })];
  const pairs = [sender.socketpair('stream', receiver), sender.socketpair('stream', receiver)] as const;
  let files = 0;
  for (const step of program) {
    const [from, to] = pairs[step.pair];
    try {
      if ('send' in step) {
        const fds = Array.from({ length: step.fds }, () => sender.open(`file ${++files}`));
        sender.sendmsg(from, { bytes: new Uint8Array(step.send).fill(files), fds: [fds], flags: step.flags });
      } else {
        receiver.recvmsg(to, { size: step.receive, controlLength: step.controlLength, flags: step.flags });
      }
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return events;
}

/** A pair of sockets on a model, to be used step by step. */
export class Pair {
  readonly events: TraceEvent[] = [];
  readonly #model: KernelModel;
  readonly #process;
  readonly #from: number;
  readonly #to: number;

  constructor(kernel: KernelName = 'linux') {
    this.#model = new KernelModel({ kernel, trace: (event) => this.events.push(event) });
    this.#process = this.#model.process();
    [this.#from, this.#to] = this.#process.socketpair('stream');
  }

  send(data: string | Uint8Array, names: readonly string[] = [], callFlags = 0): this {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    const fds = [names.map((name) => this.#process.open(name))];
    this.#process.sendmsg(this.#from, { bytes, fds, flags: callFlags });
    return this;
  }

  receive(size = 1000, controlLength = 1040, callFlags = 0): this {
    this.#process.recvmsg(this.#to, { size, controlLength, flags: callFlags });
    return this;
  }

  /** Ends the stream that is received. */
  close(): this {
    this.#process.close(this.#from);
    return this;
  }

  /** The same in the other direction. */
  answer(data: string): this {
    this.#process.sendmsg(this.#to, { bytes: new TextEncoder().encode(data) });
    return this;
  }
}
