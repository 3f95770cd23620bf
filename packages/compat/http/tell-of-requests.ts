import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { FdSocket } from '../../stream';
import { fdsOf } from './connection-fds';
import { RequestFds } from './request-fds';

/**
 * Has the connection of a request learn of it before anybody else does. Not as a listener: for several of these events http does
 * something else where there is one.
 * @returns what is to be called with each connection
 */
export function tellOfRequests(server: Server): (socket: FdSocket) => void {
  const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    const [request, answer] = args;
    const fds = request instanceof IncomingMessage ? fdsOf(request.socket) : undefined;
    if (fds instanceof RequestFds) {
      fds.began(request as IncomingMessage, answer instanceof ServerResponse ? answer : undefined);
      if (event === 'upgrade' || event === 'connect') fds.leave();
    }
    return emit(event, ...args);
  };
  return (socket) => {
    new RequestFds(socket);
  };
}
