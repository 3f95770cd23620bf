import { fdOf, fdTransport, fdValue } from 'ancillary/rpc/capnweb';

export const wrap = fdValue;
export const unwrap = fdOf;

// Cap'n Web needs it, and Node has it from version 22 on.
if (!('withResolvers' in Promise)) {
  Object.assign(Promise, {
    withResolvers() {
      const resolvers = {};
      const promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
      return Object.assign(resolvers, { promise });
    },
  });
}

/** @type {import('./end.mjs').Connect} */
export async function connect(socket, name, handle) {
  const { RpcSession, RpcTarget } = await import(name);
  class Main extends RpcTarget {
    /** @param {any} parcel */
    pass(parcel) {
      return handle(parcel);
    }
  }
  const session = new RpcSession(fdTransport(socket), new Main());
  const main = session.getRemoteMain();
  return { call: (parcel) => main.pass(parcel), close: () => socket.end() };
}
