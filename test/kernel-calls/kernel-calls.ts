import { KERNEL_CALLS } from './build';

/**
 * System calls as they are: each returns what the call returned, or the negative errno. sendmsg and recvmsg always
 * have MSG_DONTWAIT and MSG_NOSIGNAL.
 */
export interface KernelCalls {
  /** @param pair gets the two descriptors */
  socketpair(type: number, pair: Int32Array): number;
  /** @param control as it goes to the kernel; null for none */
  sendmsg(fd: number, bytes: Uint8Array, control: Uint8Array | null, flags: number): number;
  /**
   * @param control room for exactly so many bytes; null for none
   * @param told gets the length of the control messages, and the flags
   */
  recvmsg(fd: number, bytes: Uint8Array, control: Uint8Array | null, flags: number, told: Int32Array): number;
  setsockopt(fd: number, level: number, name: number, value: number): number;
  getsockopt(fd: number, level: number, name: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  dup(fd: number): number;
  /** At once. @returns the events that are there */
  poll(fd: number, events: number): number;
  /** One that writes an int. @returns that int */
  ioctl(fd: number, request: number): number;
  /** The soft limit RLIMIT_NOFILE. */
  setrlimit(descriptors: number): number;
  getrlimit(): number;
  /** @param told gets device and inode */
  fstat(fd: number, told: Float64Array): number;
  memfd_create(name: string): number;
  pidfd_open(pid: number): number;
}

// The path of a compiled addon is known only at run time.
// eslint-disable-next-line @typescript-eslint/no-require-imports
export const kernelCalls = require(KERNEL_CALLS) as KernelCalls;
