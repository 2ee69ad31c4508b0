import { constants } from 'node:os';

/** `-errno` as the raw layer answers it: `expect(sys.read(...)).toBe(-errno.EBADF)`. */
export const errno = constants.errno;
