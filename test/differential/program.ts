import type { ShutdownHow, SocketOption, SocketType } from '../../packages/binding-model/kernel';

/** What two kernels are asked to do. It starts with sockets and files, and ends by closing all that is open then. */
export interface Program {
  readonly pairs: readonly Pair[];
  readonly files: number;
  readonly steps: readonly Step[];
}

export interface Pair {
  readonly type: SocketType;
  /** SO_SNDBUF of both ends; undefined for the kernel's own. */
  readonly sendBuffer: number | undefined;
}

/**
 * One of what is open when the step comes, counted round: so a program means something whatever is left out of it, and
 * shrinks well.
 */
export type Pick = number;

/** On what a call on sockets is tried: a socket, or what is none. */
export type Target = Pick | 'a file' | 'a closed descriptor';

/** One SCM_RIGHTS control message: so many descriptors, one after the other from the first on. */
export interface Rights {
  readonly first: Pick;
  readonly count: number;
  /** Where among them a closed descriptor is, if at all. */
  readonly closedAt: number | undefined;
}

/** Who a sender says it is, in SCM_CREDENTIALS. */
export interface Claim {
  readonly process: 'own' | 'another' | 'none';
  /** Undefined for the sender's own. */
  readonly uid: number | undefined;
}

export type ReadOption = SocketOption | 'SO_ERROR' | 'SO_TYPE';

export type Step =
  | {
      readonly call: 'sendmsg';
      readonly on: Target;
      readonly length: number;
      readonly rights: readonly Rights[];
      readonly claim: Claim | undefined;
      readonly flags: number;
    }
  | {
      readonly call: 'recvmsg';
      readonly on: Target;
      readonly size: number;
      readonly controlLength: number;
      readonly flags: number;
      /** How many of the received descriptors stay open. */
      readonly keep: number;
    }
  | { readonly call: 'setsockopt'; readonly on: Target; readonly option: SocketOption; readonly value: number }
  | { readonly call: 'getsockopt'; readonly on: Target; readonly option: ReadOption }
  | { readonly call: 'shutdown'; readonly on: Target; readonly how: ShutdownHow }
  | { readonly call: 'inq' | 'outq'; readonly on: Target }
  /** Of whatever is open. */
  | { readonly call: 'close' | 'dup' | 'poll'; readonly of: Pick }
  | { readonly call: 'socketpair'; readonly type: SocketType }
  | { readonly call: 'open' }
  /** RLIMIT_NOFILE such that so many numbers are free; undefined for the limit as it was at the start. */
  | { readonly call: 'limit'; readonly free: number | undefined };
