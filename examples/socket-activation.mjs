// A server that is started by the first client. The service manager listens and passes the socket on as descriptor 3:
//
//   systemd-socket-activate --listen="$XDG_RUNTIME_DIR/greeter" node examples/socket-activation.mjs
//
// It hands each client a descriptor of the same sealed memory, and ends when the last client has left. A client that
// comes later starts it again.

import { fds, handoff, listen } from 'ancillary';

const FIRST_FD = 3; // SD_LISTEN_FDS_START

// The variables are inherited by grandchildren too, so they say for whom they are (sd_listen_fds(3)).
const meant = process.env['LISTEN_PID'] === String(process.pid);
if (!meant || process.env['LISTEN_FDS'] !== '1') throw new Error('start this by a service manager, with one socket');

const server = await listen({ fd: FIRST_FD });
console.log('listening at', server.address);
const greeting = fds.memfd('greeting', Buffer.from('hello from an activated server\n'), { seal: true });

server.on('connection', async (socket) => {
  server.unref(); // From now on only open connections keep the process running.
  socket.on('error', (error) => console.error('the client left early:', error));
  try {
    console.log(`a client of user ${socket.peerCredentials.uid}`);
    await handoff.sendFd(socket, greeting);
    socket.resume().end(); // Wait for the client to leave.
  } catch {
    socket.destroy(); // 'error' was emitted.
  }
});

process.on('exit', () => greeting.close());
