export { framed, type Framed } from './framed';
