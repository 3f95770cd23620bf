import '../../packages/ancillary';
import { testSmallWorlds } from './small-worlds';

jest.setTimeout(120_000);

testSmallWorlds('darwin');
