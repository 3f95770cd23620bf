import { requireOptions } from '../binding';
import { requireKeys, requireObject, ModelWorld, type ModelWorldOptions, WORLD_OPTIONS } from '../binding-model';
import { FdSocket, type FdSocketOptions, SOCKET_OPTIONS } from '../stream';

export interface ModelSocketPairOptions extends ModelWorldOptions {
  /** What `socketpair()` takes, for both sockets. */
  readonly socket?: FdSocketOptions | undefined;
}

/** Two sockets that are connected through a model of a kernel, and the world that they are in. */
export type ModelSocketPair = [FdSocket, FdSocket] & {
  /** Its seed, what happened, what is open, and files to send. */
  readonly world: ModelWorld;
};

/**
 * Two sockets connected to each other, each in a process of its own, through a model of a kernel instead of the real
 * one. They are {@link FdSocket}s like any other; what is below them is a program in which nothing happens by accident.
 * The seed decides when a wake-up comes, where a read is cut, and where random faults fall.
 *
 * The same seed, options and program give the same run, provided that the program waits for nothing but these sockets:
 * neither for real timers nor for files. So a test that failed with some seed fails with it again.
 *
 * ```js
 * const pair = modelSocketPair({ seed, faults: 0.1 });
 * const [client, server] = pair;
 * try {
 *   // … your protocol over client and server …
 * } catch (error) {
 *   throw new Error(`failed with seed ${pair.world.seed}`, { cause: error });
 * }
 * ```
 *
 * Descriptors to send come from `pair.world.open(name)`: files that have a name and nothing else, numbered from
 * 2,000,000 up, which `pair.world.identity(fd)` tells apart. They mean nothing to `fs` or to the real kernel, and
 * `OwnedFd.adopt()` refuses them. No two worlds have a number in common, and what is sent over another world arrives
 * as it is. Where `ancillary` itself is imported, real descriptors can be sent too, and
 * arrive as real duplicates; without it, `send()` of one rejects with a TypeError.
 *
 * Whoever gets the sockets destroys them; `pair.world.openDescriptors()` then lists what the program forgot to close.
 * The pair keeps the event loop running only while it has something to do.
 *
 * @throws TypeError and RangeError for options; EMFILE with an `fdLimit` of 0
 */
export function modelSocketPair(options: ModelSocketPairOptions = {}): ModelSocketPair {
  requireKeys(options, { ...WORLD_OPTIONS, socket: true }, 'modelSocketPair()');
  const { socket, ...ofWorld } = options;
  if (socket !== undefined) {
    requireObject(socket, 'socket is an object of FdSocketOptions');
    requireOptions('socket', socket, SOCKET_OPTIONS);
  }
  const world = new ModelWorld(ofWorld);
  const ends = world.socketpair();
  const [first, second] = world.bindings;
  try {
    const pair: [FdSocket, FdSocket] = [FdSocket.wrap(first, ends[0], socket), FdSocket.wrap(second, ends[1], socket)];
    return Object.assign(pair, { world });
  } catch (error) {
    // The first to be made refuses wrong options, so neither has taken its end over.
    for (const end of ends) end.close();
    throw error;
  }
}

// The very ones of 'ancillary', for tests where that has nothing to run on.
export { AncillaryError, OwnedFd } from '../binding';
export {
  type Credentials,
  drawTimeline,
  type Fault,
  type FaultName,
  type FaultRate,
  type Faults,
  KernelError,
  KernelModel,
  type KernelModelOptions,
  type KernelName,
  type ModelProcess,
  ModelWorld,
  type ModelWorldOptions,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  type ProcessOptions,
  type Readiness,
  type ReceivedMessage,
  type ReceiveEvent,
  type ReceiveRequest,
  type SendEvent,
  type SendMessage,
  type ShutdownHow,
  type SocketOption,
  type SocketType,
  type Stretch,
  type SystemCalls,
  type TimelineOptions,
  type TraceEvent,
} from '../binding-model';
export type { FdFrame, FdSocket } from '../stream';
