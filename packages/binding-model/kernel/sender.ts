import type { KernelRules } from './kernel-rules';
import type { OpenFile } from './open-file';
import type { Credentials } from './system-calls';
import type { User } from './user';

/** The process that calls sendmsg, as far as the rules of sending look at it. */
export interface Sender {
  readonly rules: KernelRules;
  readonly credentials: Credentials;
  readonly user: User;
  /** How many of the user's descriptors may be in flight before more are refused. */
  readonly inFlightLimit: number;
  /** Only root may say that it is somebody else, and only of somebody who exists. @throws EINVAL, EPERM, ESRCH */
  checkClaim(claim: Credentials): void;
  /** The file that one of its descriptors refers to. @throws EBADF */
  file(fd: number, syscall: string): OpenFile;
}
