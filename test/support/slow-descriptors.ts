import { python } from './children';
import { type Peer, startPeer } from './peer';

/**
 * Closing a descriptor can take as long as whoever sent it likes. Here it is a TCP socket with SO_LINGER and bytes that its
 * other end never takes: the close that is the last one waits for ten minutes, or until this program ends.
 */
export const SEND_SLOW_DESCRIPTORS = `
import array, signal, socket, struct, sys
peer = socket.socket(fileno=3)
kept = []
for each in range(int(sys.argv[1])):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    slow = socket.create_connection(listener.getsockname())
    kept += [listener, listener.accept()]
    slow.setblocking(False)
    try:
        while True: slow.send(bytes(65536))
    except BlockingIOError: pass
    slow.setblocking(True)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 600))
    peer.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [slow.fileno()]))])
    slow.close()
print('sent', flush=True)
signal.pause()
`;

/** A peer that has sent so many slow descriptors, each with a byte. Their closes come back once it was killed. */
export async function slowPeer(count = 1): Promise<Peer> {
  const peer = startPeer(python, SEND_SLOW_DESCRIPTORS, { args: [String(count)] });
  await peer.child.line();
  return peer;
}
