// A service with a thread for each connection, as servers were built before select: the control that claims about
// blocking I/O, and the reactor's comparison, stand against. One thread waits for connections; each connection has a
// thread that blocks in read(2), and answers with the same bytes or with nothing.
//
// Threads are owned: threadsStop(), or the end of the environment, wakes and joins every one of them. They run no
// JavaScript and touch nothing of the environment's: what they share with it is the counters of their Service.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <list>
#include <map>
#include <memory>

#include "pump.h"

namespace iolab::pump {
namespace {

constexpr size_t kBuffer = 16384;    // on each thread's own stack
constexpr size_t kSmallest = 65536;  // a stack that holds it, and what libc puts there
constexpr size_t kLargest = size_t{1} << 30;
constexpr timespec kBackOff{0, 10000000};  // before accept(2) is tried again where nothing is left to accept with

struct Service;

struct Connection {
  Service& service;
  int fd;
  pthread_t thread{};
  std::atomic<bool> done{false};
};

// Node handles signals where it wants to: none is delivered to a thread of ours.
int start_thread(pthread_t* thread, size_t stack, void* (*body)(void*), void* arg) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  if (stack != 0) error = pthread_attr_setstacksize(&attributes, stack);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (error == 0) error = pthread_create(thread, &attributes, body, arg);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return error;
}

void* serve(void* arg);
void* accept_all(void* arg);

struct Service {
  int listener = -1;
  int wake = -1;  // an eventfd: a connection is over, or all has to end
  bool echo = false;
  size_t most = 0;   // connections at a time; 0 for any number
  size_t stack = 0;  // bytes; 0 for libc's default
  std::atomic<bool> stopping{false};
  std::atomic<uint64_t> accepted{0}, live{0}, refused{0}, reads{0}, bytes{0};
  pthread_t acceptor{};
  bool running = false;
  std::list<std::unique_ptr<Connection>> connections;  // the acceptor's alone

  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() {
    if (running) {
      stopping.store(true);
      ring();
      pthread_join(acceptor, nullptr);
    }
    if (listener >= 0) call(SYS_close, listener);
    if (wake >= 0) call(SYS_close, wake);
  }

  void ring() const {
    const uint64_t one = 1;
    while (call(SYS_write, wake, &one, sizeof one) == -EINTR) {
    }
  }

  // Only here is a connection's descriptor closed, when nobody uses its number any more.
  void end(const Connection& c) {
    pthread_join(c.thread, nullptr);
    call(SYS_close, c.fd);
    live--;
  }

  void reap() {
    connections.remove_if([this](const std::unique_ptr<Connection>& c) {
      if (!c->done.load()) return false;
      end(*c);
      return true;
    });
  }

  void end_all() {
    for (const auto& c : connections) call(SYS_shutdown, c->fd, SHUT_RDWR);  // what wakes read(2) and sendto(2)
    for (const auto& c : connections) end(*c);
    connections.clear();
  }

  // Takes one connection. 0, or -errno of accept(2).
  long take() {
    long fd = call(SYS_accept4, listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return fd;
    accepted++;
    std::unique_ptr<Connection> c(new Connection{*this, static_cast<int>(fd)});
    if (start_thread(&c->thread, stack, serve, c.get()) != 0) {  // EAGAIN: no thread, or no memory for its stack
      refused++;
      call(SYS_close, fd);
      return 0;
    }
    live++;
    connections.push_back(std::move(c));
    return 0;
  }
};

long send_all(int fd, const char* data, size_t n) {
  while (n > 0) {
    long r = call(SYS_sendto, fd, data, n, MSG_NOSIGNAL, nullptr, 0);
    if (r == -EINTR) continue;
    if (r < 0) return r;
    data += r;
    n -= static_cast<size_t>(r);
  }
  return 0;
}

void* serve(void* arg) {
  Connection& c = *static_cast<Connection*>(arg);
  char buffer[kBuffer];
  for (;;) {
    long n = call(SYS_read, c.fd, buffer, sizeof buffer);
    if (n == -EINTR) continue;
    if (n <= 0) break;
    c.service.bytes += static_cast<uint64_t>(n);
    c.service.reads++;
    if (c.service.echo && send_all(c.fd, buffer, static_cast<size_t>(n)) < 0) break;
  }
  const Service& service = c.service;
  c.done.store(true);  // from here on `c` is the acceptor's
  service.ring();
  return nullptr;
}

void* accept_all(void* arg) {
  Service& s = *static_cast<Service*>(arg);
  bool listening = true, pause = false;
  while (!s.stopping.load()) {
    bool full = s.most != 0 && s.connections.size() >= s.most;
    pollfd p[2] = {{s.wake, POLLIN, 0}, {listening && !pause && !full ? s.listener : -1, POLLIN, 0}};
    call(SYS_ppoll, p, 2, pause ? &kBackOff : nullptr, nullptr, 0);
    pause = false;
    uint64_t rings;
    if (p[0].revents != 0) call(SYS_read, s.wake, &rings, sizeof rings);
    s.reap();
    if (p[1].revents == 0) continue;
    switch (s.take()) {
      case 0:
      case -EINTR:
      case -EAGAIN:
      case -ECONNABORTED:
      case -EPROTO:
        break;
      case -EMFILE:
      case -ENFILE:
      case -ENOBUFS:
      case -ENOMEM:
        pause = true;  // the connection stays in the queue, so the listener stays readable
        break;
      default:
        listening = false;
    }
  }
  s.end_all();
  return nullptr;
}

}  // namespace

struct ThreadServices {
  std::map<int, std::unique_ptr<Service>> running;
  int next = 1;
};

namespace {

// Each answers 0 or more, or -errno.
long threads_start(Env& env, Fd listener, int echo, Size most, Size stack) {
  if (stack.n != 0 && (stack.n < kSmallest || stack.n > kLargest)) return -EINVAL;
  int accepting = 0;
  socklen_t size = sizeof accepting;
  long r = call(SYS_getsockopt, listener.n, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size);
  if (r < 0) return r;
  if (accepting == 0) return -EINVAL;
  auto s = std::make_unique<Service>();
  s->echo = echo != 0;
  s->most = most.n;
  s->stack = stack.n;
  // a descriptor of its own: the caller may close his
  r = call(SYS_fcntl, listener.n, F_DUPFD_CLOEXEC, 3);
  if (r < 0) return r;
  s->listener = static_cast<int>(r);
  r = call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (r < 0) return r;
  s->wake = static_cast<int>(r);
  int error = start_thread(&s->acceptor, stack.n, accept_all, s.get());
  if (error != 0) return -error;
  s->running = true;
  if (env.threads == nullptr) env.threads = std::make_shared<ThreadServices>();
  int id = env.threads->next++;
  env.threads->running[id] = std::move(s);
  return id;
}

Service* find(Env& env, int id) {
  if (env.threads == nullptr) return nullptr;
  auto it = env.threads->running.find(id);
  return it == env.threads->running.end() ? nullptr : it->second.get();
}

long threads_stats(Env& env, int id, Struct<uint64_t, 5> out) {
  const Service* s = find(env, id);
  if (s == nullptr) return -ENOENT;
  const std::atomic<uint64_t>* all[] = {&s->accepted, &s->live, &s->refused, &s->reads, &s->bytes};
  for (size_t i = 0; i < 5; i++) out.p[i] = all[i]->load();
  return 0;
}

long threads_stop(Env& env, int id) {
  if (find(env, id) == nullptr) return -ENOENT;
  env.threads->running.erase(id);
  return 0;
}

constexpr Method methods[] = {
    method<threads_start>("threadsStart", "listener echo most stack"),
    method<threads_stats>("threadsStats", "id stats"),
    method<threads_stop>("threadsStop", "id"),
};

}  // namespace

void define_threads(Env& env, napi_value exports) {
  for (const Method& m : methods) napi_set_named_property(env.napi, exports, m.name, iolab::define(env, m, m.callback));
}

}  // namespace iolab::pump
