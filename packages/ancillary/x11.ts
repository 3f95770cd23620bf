import { X11Stream } from '../compat';
import { type Address, FdSocket } from '../stream';
import { createConnection } from './index';

/**
 * A stream for `options.stream` of node-x11, by which requests and replies carry descriptors. The stream connects by itself.
 * @param source the address of the display, such as `/tmp/.X11-unix/X0`, or a socket, which is taken over
 * @throws TypeError for what is no address; ERR_FD_MODE for a socket that was taken over before, or is read in another way
 */
export function createStream(source: Address | FdSocket): X11Stream {
  return new X11Stream(source instanceof FdSocket ? source : createConnection(source));
}

export { X11Stream };
