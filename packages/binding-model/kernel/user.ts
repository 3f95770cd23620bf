/** What the kernel counts for each user, over all processes. */
export interface User {
  /** Descriptors sent and not received. */
  inFlight: number;
}
