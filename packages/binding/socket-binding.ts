import type { DescriptorTable } from './descriptor-table';
import type { OwnedFd } from './owned-fd';
import type { PeerBinding, PeerCredentials } from './peer-binding';

/**
 * Which byte of the window returned by one recvmsg surely belongs to the sendmsg that carried its descriptors:
 * the last one on Linux, the first one on BSD and macOS (docs/kernel.md 3 and 24).
 */
export type Anchor = 'last-byte' | 'first-byte';

/** What one recvmsg returned. The receiver of the segment owns its descriptors. */
export interface Segment {
  /** At least one byte; a view that nobody writes to again. */
  readonly bytes: Buffer;
  readonly fds: OwnedFd[];
  /** MSG_CTRUNC: the kernel dropped descriptors of this segment; `fds` is the prefix it kept, possibly none. */
  readonly truncated: boolean;
  /**
   * How many bytes of the message with the descriptors follow behind these, where that was looked at (see {@link LookAhead});
   * 1 where some may.
   */
  readonly rest?: number;
}

/**
 * What of the kernel's queue is looked at before it is read, since nothing tells it afterwards: `'nothing'`; `'ends'`: where
 * the next message with descriptors ends; `'contents'`: that, and what stands in front of its end, which is told to
 * {@link SegmentReceiver.deliver} before it is read. A kernel that shows nothing (docs/kernel.md 24) is read as it is.
 */
export type LookAhead = 'nothing' | 'ends' | 'contents';

/** Why no more will ever be read: end of file, or the name of the errno recvmsg failed with. */
export type ReadEnd = 'eof' | { readonly error: string };

/** What one sendmsg is made of, though parts without descriptors may share one. Descriptors are borrowed. */
export interface SendPart {
  /** At least one byte. */
  readonly bytes: Uint8Array;
  /** What follows in the same sendmsg, if anything: as many pieces as the kernel takes in one. None is empty. */
  readonly pieces?: readonly Uint8Array[] | undefined;
  /** At most 253 (SCM_MAX_FD); they ride on the first byte of the part. */
  readonly fds: readonly number[];
}

export interface SendResult {
  /** How many bytes of the parts, taken in order, the kernel accepted. A part's descriptors left with its first byte. */
  readonly accepted: number;
  /** Why the rest was not accepted: an errno's name, `'EAGAIN'` for a full socket. */
  readonly error?: string;
}

/** Where segments go that were read. */
export interface SegmentReceiver {
  /**
   * All that one wake-up read, in order; then whether the stream ended.
   * @param ahead bytes that follow and were not read yet, up to where the next message with descriptors ends, or less
   */
  deliver(segments: readonly Segment[], end: ReadEnd | undefined, ahead?: Buffer): void;
}

/** Why nothing is read for now. It is tried again. */
export type PutOffReason =
  /** Descriptors wait, and the process has too few numbers left for them. */
  | 'numbers'
  /** Too many descriptors that came by this socket wait to be closed. */
  | 'closing';

/** What an open socket reports. */
export interface SocketEvents {
  readonly inbox: SegmentReceiver;
  /** There is room to send again; once for each {@link SocketHandle.watchWritable}. */
  writable(): void;
  /** The peer is gone altogether; once after {@link SocketHandle.watchHangup}. */
  hangup(): void;
  /** Nothing is read for now, though it could be. */
  putOff?(reason: PutOffReason): void;
  /** It cannot be polled any more, and no event comes: close it. */
  failed(error: Error): void;
}

/**
 * An open, connected Unix stream socket. After {@link close} no event comes; `sendParts` and `shutdown` answer EBADF,
 * `peerCredentials` throws it, and every other call does nothing.
 */
export interface SocketHandle {
  /** To lend out; -1 once closed. Whoever was told it may have made descriptors of the same socket. */
  readonly fd: number;
  /** The same, to be shown. */
  readonly shownFd: number;
  /**
   * Sets how much may be read from now on, whatever was allowed before: at most `bytes` bytes in all, and no further
   * recvmsg once `fds` descriptors came, so at most one bundle more than that. Reading pauses at either; 0 pauses now.
   * @param look default: at nothing
   */
  allowReading(bytes: number, fds: number, look?: LookAhead): void;
  /**
   * Has what is read from now on placed at the start of this memory, one segment for each {@link SegmentReceiver.deliver}, in
   * which `bytes` is a view of it. It is written to again as soon as that returns.
   */
  readInto(memory: Buffer): void;
  /**
   * Has what is read next placed in this memory, segment after segment, until it is full. `bytes` of these segments are
   * views of it, and nobody else writes to it.
   */
  fill(memory: Buffer): void;
  /** Sends as much as the kernel accepts now. Parts with descriptors get a sendmsg each, plain neighbours share one. */
  sendParts(parts: readonly SendPart[]): SendResult;
  /** Asks for one {@link SocketEvents.writable}. */
  watchWritable(): void;
  /** Asks for {@link SocketEvents.hangup}. @param holds whether that keeps the event loop running; default false */
  watchHangup(holds?: boolean): void;
  /** Ends the sending direction. Returns the name of the errno, or undefined. */
  shutdown(): string | undefined;
  /** Whether the peer closed both directions, as poll(2) reports it now. */
  hungUp(): boolean;
  /** Bytes that wait in the kernel to be read (SIOCINQ). */
  unread(): number;
  /** How much of the send buffer is occupied by what the peer has not received (SIOCOUTQ, docs/kernel.md 32). */
  unsent(): number;
  /** Has the peer's sendmsg with descriptors refused from now on, where the kernel can (docs/kernel.md 21). */
  refuseFds(): void;
  /** The peer's credentials (SO_PEERCRED). @throws system errors */
  peerCredentials(): PeerCredentials;
  /** Whether the socket keeps the event loop running; true at first. */
  ref(): void;
  unref(): void;
  /** Closes the socket at once. */
  close(): void;
}

/** A kernel to run sockets on: the real one, or a model of it. */
export interface SocketBinding {
  readonly anchor: Anchor;
  readonly descriptors: DescriptorTable;
  /**
   * Whether time passes by itself. That of a model passes as soon as nothing else can happen there, so only deadlines are in
   * force that were asked for.
   */
  readonly realTime: boolean;
  readonly peers: PeerBinding;
  /**
   * Wraps a connected Unix stream socket and takes it over, setting O_NONBLOCK, FD_CLOEXEC and SO_OOBINLINE.
   * On failure the socket stays with the caller. @throws ERR_FD_KIND; system errors
   */
  open(socket: OwnedFd, events: SocketEvents): SocketHandle;
  /** Calls back when so many milliseconds have passed where this kernel runs. Returns how to give that up. */
  after(milliseconds: number, callback: () => void): () => void;
  /**
   * Calls back again and again, each time after so many milliseconds where this kernel runs; if the program was busy meanwhile,
   * once for all of that. It does not keep the event loop running. Returns how to give that up.
   */
  every(milliseconds: number, callback: () => void): () => void;
  /** Two connected stream sockets. @throws system errors */
  socketpair(): [OwnedFd, OwnedFd];
}
