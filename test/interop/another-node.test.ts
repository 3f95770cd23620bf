import { handoff } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { node } from '../support/children';
import { Files, identitiesOf } from '../support/files';
import { startPeer } from '../support/peer';
import { plainJavaScript } from '../support/plain-javascript';

const CHILD = `
const [, directory] = process.argv;
const { adopt, handoff } = require(directory);
const { lengthPrefixed } = require(directory + '/../codec');
const { framed } = require(directory + '/../rpc');
const peer = adopt(3);
`;

test('another Node process adopts the socket it inherits, takes a descriptor, and hands it back', async () => {
  using files = new Files(1);
  await using peer = startPeer(
    node,
    `${CHILD}
    handoff.receiveFd(peer, { acknowledge: true }).then(async (fd) => {
      await handoff.sendFd(peer, fd, { acknowledge: true });
      peer.end();
      fd.close();
    });`,
    { args: [plainJavaScript()] },
  );
  const acknowledge = true;
  await handoff.sendFd(peer.socket, files.numbers[0] ?? -1, { acknowledge });
  using received = await handoff.receiveFd(peer.socket, { acknowledge });
  expect(identitiesOf([received])).toEqual(files.identities);
  await peer.child.succeeded();
});

test('frames sent to another Node process come back with the descriptors they went with', async () => {
  await using peer = startPeer(
    node,
    `${CHILD}
    const connection = framed(peer, lengthPrefixed());
    (async () => {
      for await (const { bytes, fds } of connection) {
        await connection.send({ bytes, fds });
        for (const fd of fds) fd.close();
      }
      await connection.close();
    })();`,
    { args: [plainJavaScript()] },
  );
  const connection = framed(peer.socket, lengthPrefixed());
  const expected: string[][] = [];
  for (let count = 0; count < 30; count++) {
    using files = new Files(count % 7);
    expected.push([`frame ${count}`, ...files.identities]);
    await connection.send({ bytes: Buffer.from(`frame ${count}`), fds: files.owned });
  }
  peer.socket.end();
  const came: string[][] = [];
  for await (const { bytes, fds } of connection) {
    came.push([bytes.toString(), ...identitiesOf(fds)]);
    for (const fd of fds) fd.close();
  }
  expect(came).toEqual(expected);
  await peer.child.succeeded();
});
