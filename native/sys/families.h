// The table of contents of native/sys: one family a file.
#pragma once

#include "../support/bind.h"

namespace iolab::sys {
extern const Family fd, socket, select, poll, epoll, event, pipe, sendfile, mmap, process, perf, net;
}
