/** The most descriptors of one message (docs/kernel.md 14): a sendmsg with more fails, and no recvmsg brings more. */
export const SCM_MAX_FD = 253;
