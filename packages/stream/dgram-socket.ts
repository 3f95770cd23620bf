import type * as dgram from 'node:dgram';

/** What libuv has for a dgram.Socket, as far as the runtime shows it. */
export interface DatagramHandle {
  readonly fd?: number;
  recvStart?: () => number;
  recvStop?: () => number;
}

/** By what it can do: importing node:dgram takes time that most programs have no use for. */
export function isDgramSocket(source: object): source is dgram.Socket {
  const { type, getSendQueueCount, setMulticastTTL } = source as Partial<dgram.Socket> & { readonly type?: unknown };
  const hasMethods = typeof getSendQueueCount === 'function' && typeof setMulticastTTL === 'function';
  return hasMethods && (type === 'udp4' || type === 'udp6');
}

/** Null once it is closed; undefined where it is hidden. Node has it under a symbol, and its `_handle` is deprecated. */
export function datagramHandle(source: dgram.Socket): DatagramHandle | null | undefined {
  const key = Object.getOwnPropertySymbols(source).find(({ description }) => description === 'state symbol');
  if (key === undefined) return undefined;
  const state = (
    source as unknown as Readonly<Record<symbol, { readonly handle?: DatagramHandle | null } | undefined>>
  )[key];
  return state?.handle;
}
