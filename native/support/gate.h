// Fault gate: makes the k-th call of any kind fail by plan. Compiled into the test build only (-DIOLAB_GATE); the
// release binary holds no symbol of it, which a test checks. The plan is per process, not per environment: a test of
// this build runs alone in its process, and the faults have to reach calls that have no environment at hand.
#pragma once

namespace iolab::gate {

long call(long nr, long (&w)[6]);

struct Plan {
  long nr = -1;  // which system call; -1 for any
  long nth = 0;  // fail the nth one from now (1 is the next); 0 with every > 0: each `every`-th
  long every = 0;
  long error = 0;     // answer this errno without entering the kernel
  long shorten = 0;   // or pass at most this many bytes to the kernel: a short count
  long delay_us = 0;  // or enter late
};

void arm(const Plan& plan);
void disarm();
long seen();  // calls that matched since arm()
// Answer napi_no_external_buffers_allowed to every view, as a runtime with V8's memory cage does (hazards.md B2.14).
void set_no_external(bool on);
bool no_external();
long fired();  // of these, how many were tampered with

}  // namespace iolab::gate
