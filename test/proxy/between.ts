import { type FdSocket, type FdSocketOptions, socketpair } from '../../packages/ancillary';
import { forward, type Forwarding, type ForwardOptions } from '../../packages/ancillary/proxy';
import { destroyed } from '../socket/sockets';

/** A client and a server, and what forwards between them. `await using` closes all. */
export interface Between extends AsyncDisposable {
  readonly client: FdSocket;
  readonly server: FdSocket;
  /** The two connections in the middle. */
  readonly from: FdSocket;
  readonly to: FdSocket;
  readonly forwarding: Forwarding;
}

export function between<In>(
  options?: ForwardOptions<In>,
  ends: FdSocketOptions = {},
  middle: FdSocketOptions = {},
): Between {
  const [client, from] = socketpair(ends);
  const [to, server] = socketpair(middle);
  // What is written at an end that is left at any moment may fail.
  for (const end of [client, server]) end.on('error', () => undefined);
  const forwarding = forward(from, to, options);
  forwarding.catch(() => undefined);
  return {
    client,
    server,
    from,
    to,
    forwarding,
    async [Symbol.asyncDispose]() {
      await destroyed(client, server, from, to);
    },
  };
}
