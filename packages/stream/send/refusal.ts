import type { OutgoingFrame } from './send-queue';

// About the descriptors of one frame: nothing of it was sent, and the stream is as good as before.
const ABOUT_ONE_FRAME = new Set(['EBADF', 'EPERM', 'EINVAL', 'EACCES']);
// The kernel is short of something that comes back without the socket turning writable (docs/kernel.md 20, 27).
const TRY_AGAIN_LATER = new Set(['ETOOMANYREFS', 'ENOBUFS', 'ENOMEM', 'EMSGSIZE']);

/** What an errno of sendmsg(2) means for the frame at the front and for the socket. */
export type Refusal =
  /** The socket is full: wait until it is writable. */
  | 'full'
  /** Try again after a while. */
  | 'later'
  /** This frame cannot be sent. */
  | 'frame'
  /** Nothing can be sent any more. */
  | 'socket';

export function refusalOf(error: string, front: OutgoingFrame | undefined): Refusal {
  if (error === 'EAGAIN') return 'full';
  if (TRY_AGAIN_LATER.has(error)) return 'later';
  const aboutFrame = front !== undefined && front.fds.length > 0 && front.sent === 0 && ABOUT_ONE_FRAME.has(error);
  return aboutFrame ? 'frame' : 'socket';
}
