/**
 * iolab: a systems lab for Linux I/O.
 *
 * The layers have entries of their own, so that a program loads what it uses: `iolab/sys` (the raw calls), `iolab/io`
 * (things you own), `iolab/paths` (ways to send a file), `iolab/lab` (the benches). This one has all of them by name.
 */
export * as io from './io/index.ts';
export * as lab from './lab/index.ts';
export * as paths from './paths/index.ts';
export * as sys from './sys/index.ts';
