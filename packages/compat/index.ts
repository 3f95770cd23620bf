export { parseBusAddress } from './bus-address';
export { type DBusNativeOptions, DBusNativeStream } from './dbus-native';
export { UServerBase, type UServerOptions } from './usocket/server';
export { USocketBase, type USocketMessage, type USocketOptions, type USocketRead } from './usocket/socket';
export { X11Stream } from './x11';
export { FdAgentBase } from './http/agent';
export { sendFds, type SendFdsOptions } from './http/send-fds';
export { serveHttp } from './http/serve';
export { takeFds } from './http/take-fds';
