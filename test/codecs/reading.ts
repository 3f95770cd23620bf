import { AncillaryError, OwnedFd } from '../../packages/binding';
import type { ModelWorld } from '../../packages/binding-model';
import { codecOf, type FdFrame, type FdSocket } from '../../packages/stream';
import type { Plan } from './plan';
import type { Subject } from './subject';

/** Of all that this process has, with what the garbage collector has not come to yet. A length of 32 bits would be more. */
const MOST_MEMORY = 1024 * 1024 * 1024;

/** This end: it reads as framed() does, and compares. */
export class Reading {
  readonly #subject: Subject;
  readonly #plan: Plan;
  readonly #socket: FdSocket;
  readonly #world: ModelWorld;
  /** What a codec or a socket failed with. */
  #failure: unknown;
  #failed = false;
  /** What is wrong with a frame, if anything. */
  #mismatch: string | undefined;
  #taken = 0;
  frames = 0;
  /** How many were marked as perhaps having another's descriptors, or another their own. */
  marked = 0;

  constructor(subject: Subject, plan: Plan, socket: FdSocket, world: ModelWorld) {
    this.#subject = subject;
    this.#plan = plan;
    this.#socket = socket;
    this.#world = world;
  }

  get error(): string | undefined {
    return this.#failed ? codeOf(this.#failure) : undefined;
  }

  async run(): Promise<void> {
    try {
      const codec = codecOf(this.#socket, this.#subject.codec(), ['measure', 'decode']);
      for await (const frame of this.#socket.frames(codec)) {
        const { fds } = frame;
        const all = [...fds];
        try {
          this.#boundMemory();
          this.#compare(frame);
          codec.decode(frame);
        } finally {
          frame.close();
          OwnedFd.closeAll(all);
        }
      }
    } catch (error) {
      this.#failed = true;
      this.#failure = error;
    }
    this.#boundMemory();
  }

  /** @throws Error for what is not as it should be */
  judge(): void {
    if (this.#mismatch !== undefined) throw new Error(this.#mismatch);
    const { trouble, frames } = this.#plan;
    if (this.#failed && !this.#typed()) {
      throw new Error(`it failed with an error of no kind that users are told of: ${String(this.#failure)}`, {
        cause: this.#failure,
      });
    }
    if (trouble === 'broken') return;
    if (this.frames < frames.length)
      throw new Error(`${frames.length - this.frames} right frames did not come: ${String(this.#failure)}`);
    if (trouble === 'none' && this.#failed)
      throw new Error(`it failed where nothing was wrong: ${String(this.#failure)}`);
  }

  /** One of ours, or of a system call if the connection broke. */
  #typed(): boolean {
    if (this.#failure instanceof AncillaryError) return true;
    return this.#plan.trouble === 'broken' && (this.#failure as NodeJS.ErrnoException).syscall === 'recvmsg';
  }

  #compare(frame: FdFrame): void {
    const expected = this.#plan.frames[this.frames];
    const came = frame.fds.map((fd) => this.#world.identity(fd));
    if (expected !== undefined && !frame.bytes.equals(expected.bytes)) {
      this.#mismatch ??= `frame ${this.frames} at ${frame.range.start} is not what was sent`;
    }
    const own = expected?.fds.map((fd) => `file ${fd}`) ?? [];
    // Behind the right frames descriptors are nobody's; those of right frames are never another's.
    const judged = expected === undefined ? came.filter((file) => this.#owned.has(file)) : came;
    if (judged.join() !== own.join() && !frame.ambiguous && !frame.truncated) {
      this.#mismatch ??= `frame ${this.frames} has [${came.join()}], and no mark, where [${own.join()}] is its own`;
    }
    if (frame.ambiguous) this.marked++;
    // A mark means something: whoever sends each frame's descriptors with bytes of that frame alone leaves no doubt.
    if (frame.ambiguous && expected !== undefined && this.#plan.rule === 'own bytes') {
      this.#mismatch ??= `frame ${this.frames} is marked, and there is no doubt`;
    }
    this.frames++;
    this.#taken = frame.range.end;
  }

  get #owned(): ReadonlySet<string> {
    return new Set(this.#plan.frames.flatMap(({ fds }) => fds.map((fd) => `file ${fd}`)));
  }

  #boundMemory(): void {
    const { readableHighWaterMark, stats } = this.#socket;
    const held = stats.bytesRead - this.#taken;
    const most = this.#subject.longest + 2 * readableHighWaterMark;
    if (held > most) this.#mismatch ??= `it holds ${held} bytes, where ${most} are enough`;
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers > MOST_MEMORY) this.#mismatch ??= `there are ${arrayBuffers} bytes of memory`;
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code ?? error);
}
