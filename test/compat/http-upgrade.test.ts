import { once } from 'node:events';
import http from 'node:http';
import { Client } from 'undici';
import { connect, type FdFrame, type FdSocket, OwnedFd } from '../../packages/ancillary';
import { sendFds, takeFds, undiciConnector } from '../../packages/ancillary/http';
import { lengthPrefixed } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { identity } from '../support/descriptors';
import { fdSocketOf, HttpEnds, identitiesOf } from './http-ends';

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n';
const codec = lengthPrefixed();

let ends: HttpEnds;
beforeEach(async () => (ends = await HttpEnds.open()));
afterEach(() => ends.close());

it('has the descriptors of the request and of the answer, and goes on in frames with theirs', async () => {
  const [own, ofFrame, back] = ends.memories(3) as [OwnedFd, OwnedFd, OwnedFd];
  const received: string[][] = [];
  ends
    .serve(() => undefined)
    .on('upgrade', (request, stream, head) => {
      const socket = fdSocketOf(stream);
      received.push(identitiesOf(takeFds(request)));
      socket.unshift(head);
      void (async () => {
        await socket.send(SWITCHED, [back]);
        const connection = framed(socket, codec);
        for await (const { bytes, fds } of connection) {
          received.push([String(bytes), ...fds.map(({ fd }) => identity(fd))]);
          await connection.send({ bytes, fds });
          OwnedFd.closeAll(fds);
        }
        await connection.close();
      })();
    });
  const request = http.get({ agent: ends.agent(), headers: { Connection: 'Upgrade', Upgrade: 'frames' } });
  sendFds(request, [own]);
  const [response, stream, head] = (await once(request, 'upgrade')) as [http.IncomingMessage, FdSocket, Buffer];
  expect(identitiesOf(takeFds(response))).toEqual([identity(back.fd)]);
  stream.unshift(head);
  const connection = framed(stream, codec);
  await connection.send({ bytes: Buffer.from('one'), fds: [ofFrame] });
  await connection.send({ bytes: Buffer.from('two') });
  const echoed: string[][] = [];
  for await (const { bytes, fds } of connection) {
    echoed.push([String(bytes), ...identitiesOf(fds)]);
    if (echoed.length === 2) break;
  }
  await connection.close();
  const frames = [['one', identity(ofFrame.fd)], ['two']];
  expect([received, echoed]).toEqual([[[identity(own.fd)], ...frames], frames]);
});

it('leaves to the frames what came with those right behind the request, in the same read', async () => {
  const [ofFrame] = ends.memories(1) as [OwnedFd];
  const server = ends.serve(() => undefined);
  const upgraded = new Promise<string[][]>((resolve) => {
    server.on('upgrade', (request, stream, head) => {
      const socket = fdSocketOf(stream);
      const ofRequest = identitiesOf(takeFds(request));
      expect(head.length).toBeGreaterThan(0);
      socket.unshift(head);
      void socket
        .frames(codec)
        .next()
        .then(({ value }) => {
          const { bytes, fds } = codec.decode(value as FdFrame);
          resolve([ofRequest, [String(bytes), ...identitiesOf(fds)]]);
          socket.destroy();
        });
    });
  });
  const client = await connect(ends.address);
  const { bytes } = codec.encode({ bytes: Buffer.from('first'), fds: [ofFrame] });
  // The server reads only when both are there.
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n');
  client.writeFds(bytes, [ofFrame]);
  expect(await upgraded).toEqual([[], ['first', identity(ofFrame.fd)]]);
  client.destroy();
});

it('goes on in frames for undici too', async () => {
  const [file] = ends.memories(1) as [OwnedFd];
  ends
    .serve(() => undefined)
    .on('upgrade', (_request, stream) => {
      const socket = fdSocketOf(stream);
      void socket
        .send(SWITCHED)
        .then(() => framed(socket, codec).send({ bytes: Buffer.from('frame'), fds: [file] }))
        .then(() => socket.end());
    });
  const client = new Client('http://localhost', { connect: undiciConnector(ends.address) });
  const { socket } = await client.upgrade({ path: '/', method: 'GET', protocol: 'frames' });
  const { value } = (await fdSocketOf(socket).frames(codec).next()) as { value: FdFrame };
  expect(identitiesOf(value.fds)).toEqual([identity(file.fd)]);
  socket.destroy();
  await client.destroy();
});
