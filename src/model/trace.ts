/** One transfer as a timeline, schema `iolab/trace@1`: see `docs/trace.md`. */
import { z } from 'zod';
import { evidence } from './evidence.ts';

export const TRACE_SCHEMA = 'iolab/trace@1';

export const SIDES = ['sender', 'receiver'] as const;
export type Side = (typeof SIDES)[number];

const us = z.number().describe('microseconds since the transfer began');

export const traceEvent = z.strictObject({
  us,
  side: z.enum(SIDES).describe('on whose thread it happened, or whom it was done to'),
  kind: z.enum(['call', 'step', 'fault', 'copy', 'cached', 'packet', 'disk', 'wake', 'woken', 'switch', 'tlb']),
  what: z.string().min(1).describe('name of the call, function or object'),
  until: us.exactOptional().describe('when a call returned; missing if it began before the trace or ended after it'),
  result: z.number().exactOptional().describe('what a call answered, -errno included'),
  bytes: z.number().exactOptional(),
  inPages: z.number().exactOptional().describe('of a packet: bytes that lie in pages of somebody else’s'),
  inKernel: z.boolean().describe('during a system call of that thread'),
});
export type TraceEvent = z.infer<typeof traceEvent>;

export const traceCheck = z.strictObject({
  what: z.string().min(1),
  figures: z.array(z.strictObject({ from: z.string().min(1), value: z.number() })).min(2),
  agree: z.boolean(),
});

export const traceReport = z.strictObject({
  schema: z.literal(TRACE_SCHEMA),
  startedAt: z.iso.datetime(),
  path: z.string(),
  route: z.string().describe('what lies between sender and receiver'),
  size: z.int().positive(),
  chunk: z.int().positive(),
  cache: z.enum(['warm', 'cold']),
  kernel: z.string(),
  traced: z.boolean().describe('whether the kernel told it; if not, the events are what our own code saw'),
  events: z.array(traceEvent),
  copies: z
    .array(z.strictObject({ during: z.string(), function: z.string() }))
    .describe('functions that touched a payload byte in a second run of the same path, and the call they ran in'),
  totals: z.strictObject({ sender: z.record(z.string(), evidence), receiver: z.record(z.string(), evidence) }),
  checks: z.array(traceCheck),
  missing: z.array(z.strictObject({ what: z.string(), cause: z.string() })),
});
export type TraceReport = z.infer<typeof traceReport>;
