import { workerData } from 'node:worker_threads';
import { adopt, fds } from 'ancillary';

const socket = adopt(workerData.number);
let question = '';
for await (const frame of socket.frames()) question += String(frame.bytes);
const answer = fds.memfd('answer', Buffer.from(`an answer to: ${question}`));
await socket.send('x', [answer], { transfer: true });
socket.end();
