import { rpc } from 'ancillary/rpc';

/** @type {import('./end.mjs').Connect} */
export async function connect(socket, _name, handle) {
  /** @type {import('ancillary/rpc').Rpc<{ pass: (parcel: any) => any }>} */
  const connection = rpc(socket, { pass: (/** @type {any} */ parcel) => handle(parcel) });
  return { call: (parcel) => connection.call('pass', parcel), close: () => closeWith(socket) };
}

/** @param {import('ancillary').FdSocket} socket */
async function closeWith(socket) {
  socket.end();
}
