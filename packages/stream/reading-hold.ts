import net from 'node:net';
import type { Readable } from 'node:stream';
import { OwnedFd } from '../binding';
import { type DatagramHandle, datagramHandle, isDgramSocket } from './dgram-socket';

/*
 * A stream whose descriptor is given to another process must not be read here any more: what this process takes out of it,
 * the other one misses. So its reading stops when send() accepts it, which may be long before there is room to send it.
 */

/** A source that can stop reading itself. */
export const stopReading = Symbol('stopReading');

/** A source that does not read any more. */
export interface Stopped {
  /** Lets it read again. */
  restart(): void;
  /**
   * Once it was sent, it stays stopped until its user resumes it: it reads into a buffer of its own, though nobody asks.
   * Others are read again when they were sent.
   */
  readonly untilResumed: boolean;
}

interface Stoppable {
  [stopReading](): Stopped;
}

/** What libuv (`readStart`, `readStop`) or Bun (`resume`, `pause`) has for the descriptor of a net.Socket. */
interface StreamHandle {
  readonly reading?: boolean;
  readStart?: () => number;
  readStop?: () => number;
  pause?: () => number;
  resume?: () => number;
}

/** Of each source that is stopped now. */
const holds = new WeakMap<object, Hold>();

/** All sends that hold one source. */
class Hold {
  readonly #source: object;
  readonly #stopped: Stopped;
  #holders = 0;
  /** Sends that brought it to somebody. */
  #given = 0;
  #listening = false;

  constructor(source: object, stopped: Stopped) {
    this.#source = source;
    this.#stopped = stopped;
  }

  add(): void {
    this.#holders++;
  }

  /** A send is done with it. */
  remove(given: boolean): void {
    this.#holders--;
    if (given) this.#given++;
    this.#settle();
  }

  /** It did not get there after all. */
  takeBack(): void {
    this.#given--;
  }

  #settle(): void {
    if (this.#holders > 0) return;
    if (this.#given > 0 && this.#stopped.untilResumed) this.#endOnResume(this.#source as Readable);
    else this.#end();
  }

  /** Its user may destroy it some turns later, or read on deliberately; until then the bytes are the other end's. */
  #endOnResume(source: Readable): void {
    if (source.destroyed || this.#listening) return;
    this.#listening = true;
    source.pause();
    source.once('resume', () => {
      this.#listening = false;
      this.#given = 0;
      this.#settle();
    });
  }

  #end(): void {
    holds.delete(this.#source);
    this.#stopped.restart();
  }
}

/** One send's part in holding a source. */
export interface ReadingHold {
  /** The source was sent, and is lent to the other end: its reading stays stopped until its user resumes it. */
  sent(): void;
  /** It was not: reading goes on as before. */
  failed(): void;
  /** It was sent, and the other end did not get it: as {@link failed}, once another hold on it is given up. */
  takeBack(): void;
}

/** Stops a source from being read here; undefined for one that reads nothing by itself, such as a number. */
export function holdReading(source: unknown): ReadingHold | undefined {
  if (typeof source !== 'object' || source === null || source instanceof OwnedFd) return undefined;
  let hold = holds.get(source);
  if (hold === undefined) {
    const stopped = stop(source);
    if (stopped === undefined) return undefined;
    hold = new Hold(source, stopped);
    holds.set(source, hold);
  }
  const held = hold;
  held.add();
  return {
    sent: () => held.remove(true),
    failed: () => held.remove(false),
    takeBack: () => held.takeBack(),
  };
}

function stop(source: object): Stopped | undefined {
  if (stopReading in source) return (source as Stoppable)[stopReading]();
  if (source instanceof net.Socket) {
    const { _handle: handle } = source as unknown as { readonly _handle?: StreamHandle | null };
    return handle === null || handle === undefined ? undefined : stopHandle(source, handle);
  }
  if (isDgramSocket(source)) return stopDatagrams(datagramHandle(source) ?? {});
  return isReadable(source) ? stopReads(source) : undefined;
}

/** A net.Socket's pause() does not stop it: it reads on until its buffer is full. */
function stopHandle(source: net.Socket, handle: StreamHandle): Stopped | undefined {
  const { readStart, readStop, pause, resume } = handle;
  if (readStart !== undefined && readStop !== undefined) {
    return stopCalls(source, handle, { start: 'readStart', stop: 'readStop', wanted: handle.reading === true });
  }
  if (pause === undefined || resume === undefined) return undefined;
  return stopCalls(source, handle, { start: 'resume', stop: 'pause', wanted: !source.isPaused() });
}

/** Whatever the stream asks of its handle meanwhile, such as to fill its buffer, only says what it will want. */
function stopCalls(
  source: net.Socket,
  handle: StreamHandle,
  { start, stop, wanted: before }: { start: 'readStart' | 'resume'; stop: 'readStop' | 'pause'; wanted: boolean },
): Stopped {
  let wanted = before;
  handle[stop]?.();
  handle[start] = () => {
    wanted = true;
    return 0;
  };
  handle[stop] = () => {
    wanted = false;
    return 0;
  };
  const restart = (): void => {
    Reflect.deleteProperty(handle, start);
    Reflect.deleteProperty(handle, stop);
    if (wanted && !source.destroyed) handle[start]?.();
  };
  return { restart, untilResumed: true };
}

/** Each datagram is whole, so both ends may receive once it was sent. */
function stopDatagrams(handle: DatagramHandle): Stopped | undefined {
  const { recvStart, recvStop } = handle;
  if (recvStart === undefined || recvStop === undefined) return undefined;
  recvStop.call(handle);
  return { restart: () => void recvStart.call(handle), untilResumed: false };
}

/** Of a stream over a file. One that is being read now is ERR_FD_BUSY. */
function stopReads(source: Readable): Stopped {
  let wanted: number | undefined;
  const value = (size: number): void => {
    wanted = size;
  };
  Object.defineProperty(source, '_read', { configurable: true, writable: true, value });
  const restart = (): void => {
    delete (source as Partial<Readable>)._read;
    if (wanted !== undefined && !source.destroyed) source._read(wanted);
  };
  return { restart, untilResumed: true };
}

function isReadable(source: object): source is Readable {
  return '_read' in source && typeof source._read === 'function' && '_readableState' in source;
}

/** Whether a stream over a file is reading it at this moment: nobody can tell how far. */
export function isBeingRead(source: object): boolean {
  if (source instanceof net.Socket || stopReading in source || !isReadable(source)) return false;
  const { _readableState: state } = source as unknown as { readonly _readableState: { readonly reading?: boolean } };
  return state.reading === true;
}
