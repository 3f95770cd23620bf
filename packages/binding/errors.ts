import { constants } from 'node:os';
import { printable } from './printable';

/** What went wrong, as a stable word to branch on. */
export type AncillaryErrorCode =
  | 'ERR_FD_TRUNCATED'
  | 'ERR_FD_SURPLUS'
  | 'ERR_FD_MISSING'
  | 'ERR_FD_WITHOUT_BYTES'
  | 'ERR_FD_CLOSED'
  | 'ERR_FD_BUSY'
  | 'ERR_FD_KIND'
  | 'ERR_FD_REFUSED'
  | 'ERR_FD_MODE'
  | 'ERR_FD_QUOTA'
  | 'ERR_FD_UNACKNOWLEDGED'
  | 'ERR_FD_PLATFORM'
  | 'ERR_FRAME_TOO_LARGE'
  | 'ERR_FRAME_INVALID'
  | 'ERR_FRAME_INCOMPLETE'
  | 'ERR_FRAME_TIMEOUT'
  | 'ERR_SEND_TIMEOUT'
  | 'ERR_UNAUTHORIZED';

/**
 * An error of this package's own rules. System calls that fail are reported as {@link SystemError} instead.
 * The message says what happened, what was closed, and what to do, on one line that a terminal can show.
 */
export class AncillaryError extends Error {
  override readonly name = 'AncillaryError';
  readonly code: AncillaryErrorCode;

  constructor(code: AncillaryErrorCode, message: string, options?: ErrorOptions) {
    super(printable(message), options);
    this.code = code;
  }
}

/** A failed system call, shaped as Node shapes them: `errno` is negative, `code` its name. */
export interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
  path?: string;
  /** Of errors of connect() and listen(), as net has it: the path, or a zero byte and the abstract name. */
  address?: string;
}

// Not among Node's names, but sendmsg(2) returns it when too many descriptors are in flight.
const ETOOMANYREFS = 109;

const ERRNO: Readonly<Record<string, number>> =
  process.platform === 'linux' ? { ...constants.errno, ETOOMANYREFS } : constants.errno;

/**
 * @param code errno's name, such as `'EPIPE'`
 * @param syscall the call that failed, such as `'sendmsg'`
 * @param detail what the reader needs beyond the two, if anything; made {@link printable}
 */
export function systemError(code: string, syscall: string, detail?: string, options?: ErrorOptions): SystemError {
  const error = new Error(`${syscall} ${code}${detail === undefined ? '' : `: ${printable(detail)}`}`, options);
  return Object.assign(error, { code, errno: -(ERRNO[code] ?? 0), syscall });
}

const NAMES = new Map(Object.entries(ERRNO).map(([name, number]) => [number, name]));
// Linux gives one number to each of these pairs; Node and man pages prefer these names.
for (const name of ['EAGAIN', 'EOPNOTSUPP']) NAMES.set(ERRNO[name] ?? 0, name);

/** The name of a positive errno. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}
