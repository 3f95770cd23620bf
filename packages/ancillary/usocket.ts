import {
  UServerBase,
  type UServerOptions,
  USocketBase,
  type USocketMessage,
  type USocketOptions,
  type USocketRead,
} from '../compat';
import type { Address, FdServer, FdSocket } from '../stream';
import { adopt, createConnection, listen } from './index';

// The interface of usocket 1.x, for what was written for that package: `ancillary-usocket` is this under its name.

/** A Unix stream socket that carries descriptors as usocket's does. */
export class USocket extends USocketBase {
  /** @internal */
  static over(socket: FdSocket): USocket {
    const made = new USocket();
    made.attach(socket, 'USocket');
    return made;
  }

  protected override open(target: { path: string } | { fd: number }): FdSocket {
    return 'fd' in target ? adopt(target.fd) : createConnection(addressOf(target.path));
  }
}

/** A server whose connections are {@link USocket}s. */
export class UServer extends UServerBase {
  protected override open(path: string, backlog: number | undefined, signal: AbortSignal): Promise<FdServer> {
    return listen(addressOf(path), { backlog, signal });
  }

  protected override wrap(socket: FdSocket): USocket {
    return USocket.over(socket);
  }
}

/** usocket has an abstract name after a zero byte. */
function addressOf(path: string): Address {
  return path.startsWith('\0') ? { abstract: path.slice(1) } : path;
}

export type { UServerOptions, USocketMessage, USocketOptions, USocketRead };
