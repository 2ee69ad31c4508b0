import { paths } from '../../src/paths/index.ts';
import { conformance } from './conformance.ts';

conformance(paths.splice);
