/** Listens, and has nothing else to do: it must stay until it is asked, and then end by itself. */
import { listen } from 'ancillary';

const server = await listen(process.argv[2] ?? '');
console.log('listening');
server.once('connection', async (socket) => {
  const { bytes } = await socket.receive(5);
  await server.close();
  socket.end(`you said ${String(bytes)}`);
  socket.resume();
});
