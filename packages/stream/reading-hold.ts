import net from 'node:net';
import type { Readable } from 'node:stream';
import { OwnedFd } from '../binding';
import { type DatagramHandle, datagramHandle, isDgramSocket } from './dgram-socket';

/*
 * A stream whose descriptor is given to another process must not be read here any more: what this process takes out of it,
 * the other one misses. So its reading stops when send() accepts it, which may be long before there is room to send it.
 */

/** A source that can stop reading itself; the function that it returns lets it read again. */
export const stopReading = Symbol('stopReading');

interface Stoppable {
  [stopReading](): () => void;
}

/** What libuv, or Bun, has for the descriptor of a net.Socket. */
interface StreamHandle {
  readonly reading?: boolean;
  readStart?: () => number;
  readStop?: () => number;
  pause?: () => unknown;
  resume?: () => unknown;
}

/** Of each source that is stopped now. */
const holds = new WeakMap<object, Hold>();

/** All sends that hold one source. */
class Hold {
  readonly #source: object;
  readonly #restart: () => void;
  #holders = 0;
  /** Sends that brought it to somebody. */
  #given = 0;
  #listening = false;

  constructor(source: object, restart: () => void) {
    this.#source = source;
    this.#restart = restart;
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
    if (this.#given > 0 && isStream(this.#source)) this.#endOnResume(this.#source);
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
    this.#restart();
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
    const restart = stop(source);
    if (restart === undefined) return undefined;
    hold = new Hold(source, restart);
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

/** Returns how to undo it. */
function stop(source: object): (() => void) | undefined {
  if (stopReading in source) return (source as Stoppable)[stopReading]();
  if (source instanceof net.Socket) {
    const { _handle: handle } = source as unknown as { readonly _handle?: StreamHandle | null };
    return handle === null || handle === undefined ? undefined : stopHandle(source, handle);
  }
  if (isDgramSocket(source)) return stopDatagrams(datagramHandle(source) ?? {});
  return isReadable(source) ? stopReads(source) : undefined;
}

/** Whether bytes that it reads go into a buffer of its own, so that its user may not have asked for them. */
function isStream(source: object): source is Readable {
  return !(stopReading in source) && !isDgramSocket(source);
}

/** Each datagram is whole, so both ends may receive once it was sent. */
function stopDatagrams(handle: DatagramHandle): (() => void) | undefined {
  const { recvStart, recvStop } = handle;
  if (recvStart === undefined || recvStop === undefined) return undefined;
  recvStop.call(handle);
  return () => void recvStart.call(handle);
}

/** A net.Socket's pause() does not stop it: it reads on until its buffer is full. */
function stopHandle(source: net.Socket, handle: StreamHandle): (() => void) | undefined {
  const { readStart, readStop, pause, resume } = handle;
  if (readStart !== undefined && readStop !== undefined) {
    let wanted = handle.reading === true;
    readStop.call(handle);
    // Whatever the stream does meanwhile, such as filling its buffer, only says what it will want.
    handle.readStart = () => {
      wanted = true;
      return 0;
    };
    handle.readStop = () => {
      wanted = false;
      return 0;
    };
    return () => {
      delete handle.readStart;
      delete handle.readStop;
      if (wanted && !source.destroyed) readStart.call(handle);
    };
  }
  if (pause === undefined || resume === undefined) return undefined;
  pause.call(handle);
  return () => {
    if (!source.destroyed && !source.isPaused()) resume.call(handle);
  };
}

/** Of a stream over a file. One that is being read now is ERR_FD_BUSY. */
function stopReads(source: Readable): () => void {
  let wanted: number | undefined;
  Object.defineProperty(source, '_read', {
    configurable: true,
    writable: true,
    value: (size: number) => (wanted = size),
  });
  return () => {
    delete (source as Partial<Readable>)._read;
    if (wanted !== undefined && !source.destroyed) source._read(wanted);
  };
}

function isReadable(source: object): source is Readable {
  return '_read' in source && typeof source._read === 'function' && '_readableState' in source;
}

/** Whether a stream over a file is reading it at this moment: nobody can tell how far. */
export function isBeingRead(source: object): boolean {
  if (source instanceof net.Socket || stopReading in source || !isReadable(source)) return false;
  return (
    (source as unknown as { readonly _readableState: { readonly reading?: boolean } })._readableState.reading === true
  );
}
