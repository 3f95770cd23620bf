import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  adopt,
  connect,
  createConnection,
  type FdServer,
  type FdSocket,
  fds,
  type FrameCodec,
  handoff,
  listen,
  OwnedFd,
  socketpair,
} from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { byAcknowledgedMessages } from './acknowledged';
import { byCalls } from './calls';
import type { Hook } from './hooks';
import type { Stage } from './stage';

type Messages = FrameCodec<{ bytes: Buffer; fds: OwnedFd[] }, { bytes: Uint8Array; fds?: readonly OwnedFd[] }>;

/** What may be ended at a hook. */
export interface Parts {
  readonly socket: FdSocket | undefined;
  readonly peer: FdSocket | undefined;
  readonly server: FdServer | undefined;
}

/** All that one exchange opened, and the promises that it waits for. */
export class Exchange {
  readonly aborter = new AbortController();
  readonly #at: (hook: Hook, parts: Parts) => void;
  readonly #sockets: FdSocket[] = [];
  readonly #files: OwnedFd[];
  #server: FdServer | undefined;
  readonly promises: Promise<unknown>[] = [];

  /** @param at called at every hook, with what there is to end */
  constructor(at: (hook: Hook, parts: Parts) => void) {
    this.#at = at;
    this.#files = [fds.memfd('one'), fds.memfd('two')];
  }

  /** Starts everything. */
  start(path: string): void {
    this.#run(this.#connections(path));
    this.#run(this.#byFrames());
    this.#run(this.#byMessages());
    this.#byBytes();
    this.#run(this.#unheard());
    this.#run(this.#intoMemory());
    this.#run(this.#handOver());
    const stage = this.#stage();
    this.#run(byCalls(stage));
    this.#run(byAcknowledgedMessages(stage));
  }

  /** Ends what is left, and waits until everything is closed and every promise settled. */
  async finish(): Promise<void> {
    // Some are made while others settle.
    for (let seen = -1; seen < this.promises.length;) {
      seen = this.promises.length;
      for (const socket of this.#sockets) socket.destroy();
      await this.#server?.close();
      await Promise.allSettled(this.promises);
    }
    for (const socket of this.#sockets) socket.destroy();
    await this.#server?.close();
    for (const socket of this.#sockets)
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    OwnedFd.closeAll(this.#files);
  }

  get #signal(): AbortSignal {
    return this.aborter.signal;
  }

  #stage(): Stage {
    return {
      signal: this.#signal,
      files: this.#files,
      pair: () => this.#pair(),
      run: (promise) => this.#run(promise),
      reach: (hook, socket, peer) => this.#reach(hook, socket, peer),
    };
  }

  #run(promise: Promise<unknown>): void {
    promise.catch(() => undefined);
    this.promises.push(promise);
  }

  #reach(hook: Hook, socket?: FdSocket, peer?: FdSocket): void {
    this.#at(hook, { socket, peer, server: this.#server });
  }

  #socket(socket: FdSocket): FdSocket {
    this.#sockets.push(socket);
    socket.on('error', () => undefined);
    return socket;
  }

  #pair(): [FdSocket, FdSocket] {
    const [left, right] = socketpair({ highWaterMark: 1_000 });
    return [this.#socket(left), this.#socket(right)];
  }

  async #authorizeLater(): Promise<boolean> {
    await nextTurn();
    this.#reach('authorize later');
    return true;
  }

  async #connections(path: string): Promise<void> {
    let asked = 0;
    const server = await listen(path, {
      signal: this.#signal,
      authorize: () => {
        if (asked++ > 0) return this.#authorizeLater();
        this.#reach('authorize');
        return true;
      },
    });
    this.#server = server;
    server.on('error', () => undefined);
    server.on('refused', () => undefined);
    server.on('connection', (accepted) => {
      this.#socket(accepted).resume();
      accepted.end();
      this.#reach('connection', accepted);
    });
    const socket = this.#socket(createConnection(path, { signal: this.#signal }));
    socket.on('connect', () => this.#reach('connect', socket));
    socket.on('ready', () => this.#reach('ready', socket));
    socket.resume();
    socket.end();
    const other = this.#socket(await connect(path, { signal: this.#signal }));
    other.resume();
    other.end();
  }

  async #byFrames(): Promise<void> {
    const [left, right] = this.#pair();
    this.#run(
      (async () => {
        for (let sent = 0; sent < 3; sent++) {
          await left.send('x', this.#files, { signal: this.#signal });
          this.#reach('send settled', left, right);
        }
        left.end();
      })(),
    );
    {
      using frame = await right.receive(1, { signal: this.#signal });
      if (frame.bytes.length === 1) this.#reach('receive settled', right, left);
    }
    for await (const each of right.frames(undefined, { signal: this.#signal })) {
      using frame = each;
      if (frame.bytes.length > 0) this.#reach('frames body', right, left);
      break;
    }
    await right.forEachFrame(
      (each) => {
        using frame = each;
        if (frame.bytes.length > 0) this.#reach('forEachFrame handler', right, left);
      },
      undefined,
      { signal: this.#signal },
    );
  }

  async #byMessages(): Promise<void> {
    const [left, right] = this.#pair();
    const sending = framed(left, this.#codec(left, right));
    const receiving = framed(right, this.#codec(right, left));
    this.#run(
      (async () => {
        for (let sent = 0; sent < 3; sent++) await sending.send({ bytes: Buffer.from('message'), fds: this.#files });
        await sending.close();
      })(),
    );
    for await (const { fds: received } of receiving) {
      try {
        this.#reach('framed body', right, left);
      } finally {
        OwnedFd.closeAll(received);
      }
    }
    await receiving.close();
  }

  #codec(socket: FdSocket, peer: FdSocket): Messages {
    const codec = lengthPrefixed();
    return {
      ...codec,
      measure: (buffered, scanned) => {
        this.#reach('measure', socket, peer);
        return codec.measure(buffered, scanned);
      },
      cut: () => this.#reach('cut', socket, peer),
      decode: (frame) => {
        this.#reach('decode', socket, peer);
        return codec.decode(frame);
      },
      encode: (message) => {
        this.#reach('encode', socket, peer);
        return codec.encode(message);
      },
    };
  }

  #byBytes(): void {
    const [left, right] = this.#pair();
    // Before those that throw.
    this.#run(new Promise((resolve) => left.once('close', resolve)));
    right.on('fds', (each) => {
      using frame = each;
      if (frame.bytes.length > 0) this.#reach('fds', right, left);
    });
    right.on('data', () => this.#reach('data', right, left));
    right.on('end', () => {
      this.#reach('end', right, left);
      right.end();
    });
    left.on('finish', () => this.#reach('finish', left, right));
    left.on('drain', () => {
      left.end();
      this.#reach('drain', left, right);
    });
    left.on('close', () => this.#reach('close', left, right));
    left.setTimeout(1, () => {
      left.setTimeout(0);
      this.#reach('timeout', left, right);
      left.write(Buffer.alloc(500_000), () => this.#reach('write callback', left, right));
    });
    left.resume();
    left.writeFds('text', this.#files, {}, () => this.#reach('writeFds callback', left, right));
  }

  /** Descriptors that nobody takes. */
  async #unheard(): Promise<void> {
    const [left, right] = this.#pair();
    right.on('discarded', () => this.#reach('discarded', right, left));
    right.resume();
    await left.send('x', this.#files);
    left.end();
  }

  async #intoMemory(): Promise<void> {
    const [ours, theirs] = socketpair({ child: true });
    const left = this.#socket(ours);
    // On failure it stays the caller's.
    using kept = theirs;
    const right: FdSocket = this.#socket(
      adopt(kept, {
        onread: {
          buffer: () => {
            this.#reach('onread buffer', this.#sockets.at(-1), left);
            return Buffer.alloc(100);
          },
          callback: (_bytesRead, _buffer, received) => {
            try {
              this.#reach('onread callback', right, left);
            } finally {
              OwnedFd.closeAll(received);
            }
            return true;
          },
        },
      }),
    );
    right.on('end', () => right.end());
    left.resume();
    await left.send('x', this.#files);
    left.end();
  }

  async #handOver(): Promise<void> {
    const [left, right] = this.#pair();
    const [file] = this.#files;
    if (file === undefined) throw new Error('there are two files');
    this.#run(handoff.sendFd(left, file, { acknowledge: true, signal: this.#signal }));
    using received = await handoff.receiveFd(right, { acknowledge: true, signal: this.#signal });
    if (!received.closed) this.#reach('handoff settled', right, left);
  }
}
