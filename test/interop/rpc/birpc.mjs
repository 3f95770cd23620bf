import { fdChannel } from 'ancillary/rpc/birpc';

/** @type {import('./end.mjs').Connect} */
export async function connect(socket, name, handle) {
  const { createBirpc } = await import(name);
  const rpc = createBirpc({ pass: handle }, fdChannel(socket));
  return { call: (parcel) => rpc.pass(parcel), close: () => socket.end() };
}
