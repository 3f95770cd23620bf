import '../../packages/ancillary';
import { testSmallWorlds } from './small-worlds';

jest.setTimeout(300_000);

testSmallWorlds('darwin');
