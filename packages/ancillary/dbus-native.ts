import { invalidValue } from '../binding';
import { type DBusNativeOptions, DBusNativeStream, parseBusAddress } from '../compat';
import { type FdSocket } from '../stream';
import { createConnection } from './index';

/**
 * A stream for `opts.stream` of dbus-native, by which messages carry descriptors. The stream connects by itself, and what is
 * written before waits.
 * @param source a D-Bus address such as `unix:path=/run/dbus/system_bus_socket`, or a socket, which is taken over; default:
 * `DBUS_SESSION_BUS_ADDRESS`
 * @throws TypeError for what is no address of a Unix socket, also where that variable is missing, and for options; ERR_FD_MODE for a socket that was taken
 * over before, or is read in another way
 */
export function createStream(source: string | FdSocket = sessionBus(), options?: DBusNativeOptions): DBusNativeStream {
  if (typeof source === 'string') return createStream(createConnection(parseBusAddress(source)), options);
  return new DBusNativeStream(source, options);
}

function sessionBus(): string {
  const address = process.env['DBUS_SESSION_BUS_ADDRESS'];
  if (address !== undefined && address !== '') return address;
  throw invalidValue('the variable DBUS_SESSION_BUS_ADDRESS is not set: give the address of a bus, or a socket');
}

export { type DBusNativeOptions, DBusNativeStream };
