import {
  OwnedFd,
  type PutOffReason,
  type ReadEnd,
  type Segment,
  type SocketEvents,
  type SocketHandle,
} from '../../packages/binding';
import { addon, nativeBinding } from '../../packages/binding-native';

/** Keeps what a socket tells, and lets a test wait for it. */
export class Recorder implements SocketEvents, Disposable {
  readonly inbox = this;
  /** One entry for each call of `deliver`. */
  readonly wakeUps: (readonly Segment[])[] = [];
  end: ReadEnd | undefined;
  /** What was told before it was read. */
  readonly shown: string[] = [];
  /** Why nothing was read for a while, each time that was told. */
  readonly putOffs: PutOffReason[] = [];
  writables = 0;
  hangups = 0;
  /** Runs inside each callback. */
  onEvent: ((event: 'read' | 'writable' | 'hangup') => void) | undefined;
  readonly #waiting: { until: () => boolean; resolve: () => void }[] = [];

  deliver(segments: readonly Segment[], end: ReadEnd | undefined, ahead?: Buffer): void {
    this.wakeUps.push(segments);
    if (ahead !== undefined) this.shown.push(ahead.toString('latin1'));
    if (end !== undefined) this.end = end;
    this.#told('read');
  }

  writable(): void {
    this.writables++;
    this.#told('writable');
  }

  hangup(): void {
    this.hangups++;
    this.#told('hangup');
  }

  putOff(reason: PutOffReason): void {
    this.putOffs.push(reason);
  }

  failed(error: Error): void {
    throw error;
  }

  get segments(): Segment[] {
    return this.wakeUps.flat();
  }

  get text(): string {
    return Buffer.concat(this.segments.map((segment) => segment.bytes)).toString('latin1');
  }

  get fds(): OwnedFd[] {
    return this.segments.flatMap((segment) => segment.fds);
  }

  /** Resolves once the condition holds, which is asked after every callback. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: condition, resolve }));
  }

  /** Closes the descriptors it was given. */
  [Symbol.dispose](): void {
    OwnedFd.closeAll(this.fds);
  }

  #told(event: 'read' | 'writable' | 'hangup'): void {
    this.onEvent?.(event);
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.until()) waiting.resolve();
      else this.#waiting.push(waiting);
    }
  }
}

/** A socket under test and the bare other end of its pair. */
export interface Ends extends Disposable {
  readonly socket: SocketHandle;
  readonly recorder: Recorder;
  readonly peer: OwnedFd;
}

export function openEnds(): Ends {
  const [ours, peer] = nativeBinding.socketpair();
  const recorder = new Recorder();
  const socket = nativeBinding.open(ours, recorder);
  return {
    socket,
    recorder,
    peer,
    [Symbol.dispose]() {
      socket.close();
      peer.close();
      recorder[Symbol.dispose]();
    },
  };
}

/** Sends from the bare end: one sendmsg, all of it. */
export function put(peer: OwnedFd, bytes: string | Uint8Array, fds: readonly number[] = []): void {
  const data = Buffer.from(bytes);
  expect(addon.sendMessage(peer.fd, data, fds)).toBe(data.length);
}

/** A new pipe's reading end; each call is another file, so that identities tell them apart. */
export function newFile(): OwnedFd {
  const pair = new Int32Array(2);
  expect(addon.pipe(pair)).toBe(0);
  const [reading = -1, writing = -1] = pair;
  addon.close(writing);
  return OwnedFd.ofLedger(reading, nativeBinding.descriptors);
}
