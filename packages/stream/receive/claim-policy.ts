import { AncillaryError, type ByteRange, counted, type OwnedFd } from '../../binding';
import type { Truncation } from './bundle';
import type { Discarder } from './discard';

/** What a frame may hold, and what happens when it holds more, or less than it should. */
export interface FrameLimits {
  readonly maxFdsPerFrame: number;
  readonly onSurplus: 'error' | 'close';
  readonly onTruncated: 'error' | 'mark';
  /** Descriptors that may ride ahead of their frames, where the codec says that they do. */
  readonly maxQueuedFds: number;
}

/** The descriptors that came for a frame. */
interface Arrived {
  readonly fds: OwnedFd[];
  readonly truncated: Truncation;
}

/**
 * Applies the limits to the descriptors of one frame: removes the surplus from `arrived.fds` and closes it.
 * @param declared how many the frame should have, or `'attached'` for those that came with it
 * @param closedEarly how many of the frame's descriptors were closed as surplus before it was complete
 * @throws ERR_FD_TRUNCATED, ERR_FD_QUOTA, ERR_FD_MISSING, ERR_FD_SURPLUS, with all descriptors of the frame closed
 */
export function applyLimits(
  arrived: Arrived,
  declared: number | 'attached',
  closedEarly: number,
  range: ByteRange,
  { maxFdsPerFrame, onSurplus, onTruncated }: FrameLimits,
  discarder: Discarder,
): void {
  const came = arrived.fds.length;
  if (arrived.truncated !== false && onTruncated === 'error') {
    discarder.discard(arrived.fds, range, 'truncated');
    if (arrived.truncated === 'quota') throw overQuota(came, range);
    throw new AncillaryError(
      'ERR_FD_TRUNCATED',
      `the kernel dropped descriptors of the frame at ${placeOf(range)}, most likely because this process may open no more ` +
        `(RLIMIT_NOFILE); what it delivered, ${counted(came, 'descriptor')}, is closed`,
    );
  }
  if (declared !== 'attached' && came + closedEarly < declared && arrived.truncated === false) {
    discarder.discard(arrived.fds, range, 'missing');
    throw new AncillaryError(
      'ERR_FD_MISSING',
      `the frame at ${placeOf(range)} declares ${counted(declared, 'descriptor')} and came with ${came}; what came is closed: the peer breaks ` +
        `the protocol, or sends each frame's descriptors apart from its bytes`,
    );
  }
  const allowed = declared === 'attached' ? maxFdsPerFrame : Math.min(declared, maxFdsPerFrame);
  if (came <= allowed) return;
  const surplus = arrived.fds.splice(allowed);
  if (onSurplus === 'close') {
    discarder.discard(surplus, range, 'surplus');
    return;
  }
  discarder.discard([...arrived.fds, ...surplus], range, 'surplus');
  throw new AncillaryError(
    'ERR_FD_SURPLUS',
    `the frame at ${placeOf(range)} came with ${counted(came, 'descriptor')}, where at most ${allowed} may come; all of them are closed ` +
      `(${declared === 'attached' ? 'raise maxFdsPerFrame to receive them, or ' : ''}onSurplus: 'close' keeps the first ones)`,
  );
}

function overQuota(came: number, range: ByteRange): AncillaryError {
  return new AncillaryError(
    'ERR_FD_QUOTA',
    `descriptors of the frame at ${placeOf(range)} were closed when they came, since the peer's user holds as many as it may (the ` +
      `option quota of listen()); what was received of the frame before, ${counted(came, 'descriptor')}, is closed`,
  );
}

/**
 * Closes descriptors that no frame can have any more, since they came too long ago.
 * @param ahead how many bytes before their frame they may come @throws ERR_FD_SURPLUS
 */
export function refuseOlder(
  fds: readonly OwnedFd[],
  ahead: number,
  range: ByteRange,
  limits: FrameLimits,
  discarder: Discarder,
): void {
  const why = (): string =>
    `${counted(fds.length, 'descriptor')} came more than ${counted(ahead, 'byte')} before the frame at ${placeOf(range)}, and no frame ` +
    `so far declared them; they are closed: the count of an earlier frame was too low, or the peer breaks the protocol`;
  refuse(fds, why, range, limits, discarder);
}

/** Closes descriptors that are left at the end of the stream. @throws ERR_FD_SURPLUS */
export function refuseLeft(fds: readonly OwnedFd[], range: ByteRange, limits: FrameLimits, discarder: Discarder): void {
  const why = (): string =>
    `the stream ended at ${range.end} with ${counted(fds.length, 'descriptor')} that no frame declared; they are closed`;
  refuse(fds, why, range, limits, discarder);
}

/** What no frame gets is closed, and an error unless surplus is to be closed alone. */
function refuse(
  fds: readonly OwnedFd[],
  why: () => string,
  range: ByteRange,
  { onSurplus }: FrameLimits,
  discarder: Discarder,
): void {
  discarder.discard(fds, range, 'surplus');
  if (fds.length > 0 && onSurplus === 'error') throw new AncillaryError('ERR_FD_SURPLUS', why());
}

/** @param start of the frame @throws ERR_FD_SURPLUS when it declares more descriptors than it may have */
export function requireAllowed(
  declared: number | 'attached',
  start: number,
  { maxFdsPerFrame, onSurplus }: FrameLimits,
): void {
  if (declared === 'attached' || declared <= maxFdsPerFrame || onSurplus === 'close') return;
  throw new AncillaryError(
    'ERR_FD_SURPLUS',
    `the frame at byte ${start} declares ${counted(declared, 'descriptor')}, where at most ${maxFdsPerFrame} may come; what came of them is closed ` +
      `(raise maxFdsPerFrame to receive them)`,
  );
}

function placeOf({ start, end }: ByteRange): string {
  return `bytes ${start} to ${end}`;
}
