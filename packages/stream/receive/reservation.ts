import type { FdFrame } from '../frame';

/** A source that can be reserved for what will be read next: {@link Reservation}. */
export const reserveReading = Symbol('reserveReading');

/**
 * The next bytes of a socket, which nobody else may read from now on: those of an answer to what is yet to be sent. Nothing
 * is read before {@link read}.
 */
export interface Reservation {
  /** Rejects as `receive()` does. */
  read(): Promise<FdFrame>;
  /** Leaves what was not read to the next way of reading. */
  leave(): void;
}
