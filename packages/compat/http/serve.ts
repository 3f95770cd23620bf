import { createServer, type RequestListener, Server as HttpServer, type ServerOptions } from 'node:http';
import { Server as NetServer } from 'node:net';
import { types } from 'node:util';
import { AncillaryError, describeValue, invalidType, invalidValue } from '../../binding';
import { FdServer, takeOver } from '../../stream';
import { overServer } from './over-server';
import { tellOfRequests } from './tell-of-requests';

/** Servers of Node that have the connections of an FdServer, or had. */
const serves = new WeakSet<NetServer>();

/**
 * Serves HTTP on the connections of a listening Unix socket. Returns an http.Server that listens: its timeouts are in force,
 * `close()` closes the FdServer too and calls back when all connections are closed, and closing the FdServer closes it.
 * `takeFds()` has the descriptors that came with a request, and `sendFds()` sends some with an answer.
 *
 * Either way of closing closes connections that are idle, too, on which a client may be sending its next request. To hand over to a
 * successor under load, give the connections to the http.Server with `emit('connection')` instead: docs/recipes.md.
 * @param server the FdServer, of which nobody else takes connections
 * @param listener a function for requests, or a server that was made otherwise: an http.Server, or one of http2
 * @param options as of `http.createServer()`, where `listener` is a function
 * @throws TypeError for other arguments; ERR_FD_MODE where either of them was taken over before
 */
export function serveHttp(server: FdServer, listener?: RequestListener, options?: ServerOptions): HttpServer;
export function serveHttp<Server extends NetServer>(server: FdServer, listener: Server): Server;
export function serveHttp<Server extends NetServer>(server: Server, listener: FdServer): Server;
export function serveHttp(
  first: FdServer | NetServer,
  second?: FdServer | NetServer | RequestListener,
  options?: ServerOptions,
): NetServer {
  const [listening, serving] = first instanceof FdServer ? [first, second] : [second, first];
  if (!(listening instanceof FdServer)) {
    // Whoever forgot to await listen(), or gave a path, gave the other argument rightly.
    const wrong: unknown = typeof second === 'function' ? first : second;
    const hint = types.isPromise(wrong) ? ': await it first' : '';
    throw invalidType(`serveHttp() takes an FdServer, which listen() makes, not ${describeValue(wrong)}${hint}`);
  }
  const given: unknown = serving;
  if (given !== undefined && typeof given !== 'function' && !(given instanceof NetServer))
    throw invalidType(`serveHttp() takes a function for requests or an http.Server, not ${describeValue(given)}`);
  if (given instanceof NetServer && options !== undefined)
    throw invalidValue('options do nothing beside a server that exists: give them to what made it');
  if (given instanceof NetServer && serves.has(given)) {
    const message =
      'the http.Server was given to serveHttp() before, with an FdServer: make another one for this FdServer';
    throw new AncillaryError('ERR_FD_MODE', message);
  }
  const server = given instanceof NetServer ? given : createServer(options ?? {}, given as RequestListener | undefined);
  // All arguments are right: until here both are as they were.
  listening[takeOver]('serveHttp()');
  serves.add(server);
  overServer(server, listening, server instanceof HttpServer ? tellOfRequests(server) : undefined);
  return server;
}
