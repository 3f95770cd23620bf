export { type CloseOptions, framed, type Framed, type FramedSendOptions } from './framed';
export { rpc } from './rpc';
export type { NotSendable } from './sendable';
export { RpcError, type RpcErrorCode } from './rpc-error';
export type {
  CallContext,
  CallOptions,
  Handler,
  Handlers,
  Received,
  RemoteFunctions,
  RemoteItems,
  Result,
  Rpc,
  RpcOptions,
  Sent,
} from './rpc-types';
export { give, type GivenFd } from './values/given';
export { jsonValues, type JsonValuesOptions, type ReceivedValue } from './values/json-values';
