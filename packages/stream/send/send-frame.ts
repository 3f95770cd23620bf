/** Sends what a codec encoded: see FdSocket. */
export const sendFrame = Symbol('sendFrame');

/** How a frame of a codec is sent, beside what the codec says of it. */
export interface HowToSend {
  readonly signal: AbortSignal | undefined;
  /** {@link FrameEncoder.fdsPerSend} */
  readonly fdsPerSend: number | undefined;
}
