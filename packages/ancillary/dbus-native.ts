import { type DBusNativeOptions, DBusNativeStream, parseBusAddress } from '../compat';
import { type FdSocket } from '../stream';
import { createConnection } from './index';

/**
 * A stream for `opts.stream` of dbus-native, by which messages carry descriptors. The stream connects by itself, and what is
 * written before waits.
 * @param source a D-Bus address such as `unix:path=/run/dbus/system_bus_socket`, or a socket, which is taken over; default:
 * `DBUS_SESSION_BUS_ADDRESS`
 * @throws TypeError for what is no address of a Unix socket, and for options; ERR_FD_MODE for a socket that was taken
 * over before, or is read in another way
 */
export function createStream(
  source: string | FdSocket = process.env['DBUS_SESSION_BUS_ADDRESS'] ?? '',
  options?: DBusNativeOptions,
): DBusNativeStream {
  if (typeof source === 'string') return createStream(createConnection(parseBusAddress(source)), options);
  return new DBusNativeStream(source, options);
}

export { type DBusNativeOptions, DBusNativeStream };
