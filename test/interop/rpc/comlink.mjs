import { fdEndpoint } from 'ancillary/rpc/comlink';

/** @type {import('./end.mjs').Connect} */
export async function connect(socket, name, handle) {
  const { expose, wrap } = await import(name);
  const endpoint = fdEndpoint(socket);
  expose({ pass: handle }, endpoint);
  const remote = wrap(endpoint);
  return { call: (parcel) => remote.pass(parcel), close: () => socket.end() };
}
