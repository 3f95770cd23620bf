/** What happened on a stream of the model, in the order it happened; {@link drawTimeline} makes a picture of it. */
export type TraceEvent = SendEvent | ReceiveEvent;

/** A stretch of the stream towards one socket: offsets of its first byte, and of the first behind it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A sendmsg that was taken, at least in part. */
export interface SendEvent extends Stretch {
  readonly what: 'sendmsg';
  /** The socket that will receive it. */
  readonly stream: string;
  readonly bytes: Uint8Array;
  /** Identities of the descriptors, which ride on the byte `start`. */
  readonly fds: readonly string[];
}

/** A recvmsg that took something. */
export interface ReceiveEvent extends Stretch {
  readonly what: 'recvmsg';
  readonly stream: string;
  /** Identities of the descriptors that were delivered. */
  readonly fds: readonly string[];
  /** MSG_CTRUNC. */
  readonly truncated: boolean;
  /** Which byte of the stretch surely belongs to the descriptors' message. */
  readonly anchor: 'first-byte' | 'last-byte';
}
