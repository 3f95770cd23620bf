export { parseBusAddress } from './bus-address';
export { type DBusNativeOptions, DBusNativeStream } from './dbus-native';
export { UServerBase, type UServerOptions } from './usocket/server';
export { USocketBase, type USocketMessage, type USocketOptions, type USocketRead } from './usocket/socket';
export { X11Stream } from './x11';
