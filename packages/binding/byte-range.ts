/** A stretch of a byte stream: half-open offsets, counted from the first byte after the socket was wrapped. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
