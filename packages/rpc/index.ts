export { type CloseOptions, framed, type Framed } from './framed';
