import { fdMessageConnection } from 'ancillary/rpc/vscode-jsonrpc';

/** @type {import('./end.mjs').Connect} */
export async function connect(socket, name, handle) {
  const { createMessageConnection } = await import(`${name}/node${name.endsWith('lowest') ? '.js' : ''}`);
  const connection = fdMessageConnection(createMessageConnection, socket);
  connection.onRequest('pass', (/** @type {any} */ parcel) => handle(parcel));
  connection.listen();
  return { call: (parcel) => connection.sendRequest('pass', parcel), close: () => connection.end() };
}
