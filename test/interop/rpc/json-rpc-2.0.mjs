// Without an adapter: the public pieces, and what is written down of who closes what.

import { OwnedFd } from 'ancillary';
import { framed, jsonValues } from 'ancillary/rpc';

/** @type {import('./end.mjs').Connect} */
export async function connect(socket, name, handle) {
  const { JSONRPCClient, JSONRPCServer } = await import(name);
  const messages = framed(socket, jsonValues());
  const client = new JSONRPCClient((/** @type {unknown} */ request) => messages.send(request));
  const server = new JSONRPCServer();
  server.addMethod('pass', handle);
  void (async () => {
    for await (const { value, fds } of messages) {
      if ('method' in /** @type {object} */ (value)) {
        void server.receive(value).then((/** @type {unknown} */ answer) => {
          const sent = messages.send(answer);
          OwnedFd.closeAll(fds);
          return sent;
        });
      } else client.receive(value);
    }
  })();
  return { call: (parcel) => client.request('pass', parcel), close: () => socket.end() };
}
