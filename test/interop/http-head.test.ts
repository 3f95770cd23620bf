import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { connect } from '../../packages/ancillary';
import { delimited } from '../../packages/codec';
import { runDirectory } from '../support/children';
import { closed } from '../support/peer';
import { reportRow } from './report';

const ANSWERS = 20;

it('heads of HTTP end with an empty line, and what follows is left for another way of reading', async () => {
  const address = path.join(runDirectory(), `head-${process.pid}`);
  const server = http.createServer((request, response) => void response.end(`the answer to ${request.url ?? ''}`));
  await once(server.listen(address), 'listening');
  const socket = await connect(address);
  const heads = delimited({ delimiter: '\r\n\r\n', maxLength: 8192, fds: 0 });
  let wrong = 0;
  for (let number = 0; number < ANSWERS; number++) {
    await socket.send(`GET /${number} HTTP/1.1\r\nHost: here\r\n\r\n`);
    let head = '';
    for await (const frame of socket.frames(heads)) {
      head = heads.decode(frame).bytes.toString();
      break;
    }
    const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1]);
    const { bytes } = await socket.receive(length);
    if (!head.startsWith('HTTP/1.1 200 OK\r\n') || bytes.toString() !== `the answer to /${number}`) wrong++;
  }
  reportRow({ peer: 'HTTP heads: node:http', messages: 2 * ANSWERS, fdsSent: 0, fdsReceived: 0, wrong, leftOver: 0 });
  await closed(socket);
  server.close();
  await once(server, 'close');
});
