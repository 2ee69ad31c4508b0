{
  "variables": {
    # `npm run build:gate` sets it: a second binary, for tests only, in which system calls can be made to fail by plan
    "iolab_gate%": 0,
    "iolab_sources": [
      "native/addon.cc",
      "native/support/args.cc",
      "native/support/env.cc",
      "native/support/runtime.cc",
      "native/support/view.cc",
      "native/support/watch.cc",
      "native/pump/libc.cc",
      "native/pump/paths.cc",
      "native/pump/threads.cc",
      "native/sys/fd.cc",
      "native/sys/socket.cc",
      "native/sys/select.cc",
      "native/sys/poll.cc",
      "native/sys/epoll.cc",
      "native/sys/event.cc",
      "native/sys/pipe.cc",
      "native/sys/sendfile.cc",
      "native/sys/mmap.cc",
      "native/sys/process.cc",
      "native/sys/perf.cc",
      "native/sys/net.cc"
    ]
  },
  "target_defaults": {
    "defines": ["NAPI_VERSION=8"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
    "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-fvisibility=hidden"],
    "cflags": ["-O2"],
    "cflags!": ["-O3"]
  },
  "targets": [{ "target_name": "iolab", "sources": ["<@(iolab_sources)"] }],
  "conditions": [
    ["iolab_gate==1", {
      "targets": [{
        "target_name": "iolab_gate",
        "defines": ["IOLAB_GATE"],
        "sources": ["<@(iolab_sources)", "native/support/gate.cc"]
      }]
    }]
  ]
}
