/** FdSocket.frames() for another way of reading, which errors then name. */
export const framesFor = Symbol('framesFor');
