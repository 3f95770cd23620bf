/** What happened on a stream of the model, in the order it happened; {@link drawTimeline} makes a picture of it. */
export type TraceEvent = SendEvent | ReceiveEvent;

/** A stretch of the stream towards one socket: offsets of its first byte, and of the first behind it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A sendmsg that did not fail. */
export interface SendEvent extends Stretch {
  readonly what: 'sendmsg';
  /** The socket that will receive it. */
  readonly stream: string;
  /** How many bytes it was called with; more than it took when the send was partial. */
  readonly asked: number;
  /** Those that were taken. */
  readonly bytes: Uint8Array;
  /** Identities of the descriptors, which ride on the byte `start`. Without a byte they are lost. */
  readonly fds: readonly string[];
  /** What the kernel made of it; the descriptors hang on the first. */
  readonly segments: readonly Stretch[];
  /** The last byte was sent out of band (MSG_OOB). */
  readonly outOfBand: boolean;
}

/** A recvmsg that did not fail, and was no peek. */
export interface ReceiveEvent extends Stretch {
  readonly what: 'recvmsg';
  readonly stream: string;
  /** Bytes of room that it had. */
  readonly size: number;
  /** Bytes of room for control messages. */
  readonly controlLength: number;
  /** Identities of the descriptors that were delivered. */
  readonly fds: readonly string[];
  /** Identities of those that came with them and were not delivered. */
  readonly lost: readonly string[];
  /** They were lost because no descriptor number was free (docs/kernel.md 8); else for want of room (7). */
  readonly ranOutOfNumbers: boolean;
  /** MSG_CTRUNC. */
  readonly truncated: boolean;
  /** It was for the byte out of band (MSG_OOB). */
  readonly outOfBand: boolean;
  /** Which byte of the stretch surely belongs to the descriptors' message. */
  readonly anchor: 'first-byte' | 'last-byte';
}
