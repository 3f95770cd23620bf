export { dbusHandshake } from './handshake';
export type { DBusClient, DBusHandshake, DBusHandshakeOptions, DBusMechanism } from './handshake-options';
