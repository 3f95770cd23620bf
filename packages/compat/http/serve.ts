import http from 'node:http';
import net from 'node:net';
import { describeValue, invalidType } from '../../binding';
import { FdServer } from '../../stream';
import { overServer } from './over-server';
import { tellOfRequests } from './tell-of-requests';

/**
 * Serves HTTP on the connections of a listening Unix socket. Returns an http.Server that listens: its timeouts are in force,
 * `close()` closes the FdServer too and calls back when all connections are closed, and closing the FdServer closes it.
 * `takeFds()` has the descriptors that came with a request, and `sendFds()` sends some with an answer.
 * @param server the FdServer, of which nobody else takes connections
 * @param listener a function for requests, or a server that was made otherwise: an http.Server, or one of http2
 * @param options as of `http.createServer()`, where `listener` is a function
 * @throws TypeError for other arguments
 */
export function serveHttp(server: FdServer, listener?: http.RequestListener, options?: http.ServerOptions): http.Server;
export function serveHttp<Server extends net.Server>(server: FdServer, listener: Server): Server;
export function serveHttp<Server extends net.Server>(server: Server, listener: FdServer): Server;
export function serveHttp(
  first: FdServer | net.Server,
  second?: FdServer | net.Server | http.RequestListener,
  options: http.ServerOptions = {},
): net.Server {
  const [listening, serving] = first instanceof FdServer ? [first, second] : [second, first];
  if (!(listening instanceof FdServer))
    throw invalidType(`serveHttp() takes an FdServer, which listen() makes, not ${describeValue(listening)}`);
  const given: unknown = serving;
  if (given !== undefined && typeof given !== 'function' && !(given instanceof net.Server))
    throw invalidType(`serveHttp() takes a function for requests or an http.Server, not ${describeValue(given)}`);
  const server =
    given instanceof net.Server ? given : http.createServer(options, given as http.RequestListener | undefined);
  overServer(server, listening, server instanceof http.Server ? tellOfRequests(server) : undefined);
  return server;
}
