import type { ModelSocket } from './model-socket';
import { OpenFile } from './open-file';
import type { Readiness } from './system-calls';

/** What the descriptors of a socket refer to. Without the last of them the socket is released. */
export class SocketFile extends OpenFile {
  constructor(
    readonly socket: ModelSocket,
    released: () => void,
  ) {
    super(socket.identity, () => {
      socket.release();
      released();
    });
  }

  override poll(): Readiness {
    return this.socket.poll();
  }
}
