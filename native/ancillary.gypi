{
  "sources": [
    "addon.cc",
    "address_ops.cc",
    "async_context.cc",
    "choose_poller.cc",
    "closing_crew.cc",
    "closing_threads.cc",
    "closing_work.cc",
    "connection_state.cc",
    "control_message.cc",
    "fd_facts.cc",
    "fd_ops.cc",
    "file_io.cc",
    "file_status.cc",
    "handle_ops.cc",
    "hangup_poll.cc",
    "js_arguments.cc",
    "js_environment.cc",
    "js_events.cc",
    "ledger.cc",
    "listener_handle.cc",
    "message_io.cc",
    "message_ops.cc",
    "number_owners.cc",
    "pending_rights.cc",
    "polled_handle.cc",
    "readiness_handle.cc",
    "receive_pump.cc",
    "send_batch.cc",
    "send_ops.cc",
    "socket_file.cc",
    "socket_handle.cc",
    "socket_options.cc",
    "thread_poller.cc",
    "thread_state.cc",
    "unix_address.cc",
    "uv_poller.cc"
  ],
  "defines": [
    "NAPI_VERSION=9",
    "NAPI_DISABLE_CPP_EXCEPTIONS",
    "NODE_ADDON_API_DISABLE_DEPRECATED",
    # worker.terminate() makes Node-API calls fail at any moment, with no exception to throw; else that is fatal.
    "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
  ],
  "cflags": ["-O2"],
  # The threads that close descriptors may outlive the environment, and with the last one the library would be unloaded.
  "ldflags": ["-Wl,-z,nodelete"],
  "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"],
  "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
  # napi.h as a system header: its warnings are not ours to mend. As seen from build/, for an absolute path may have spaces.
  "cflags_cc+": ["-isystem <!(node -p \"const {dirname, relative} = require('path'); relative('build', dirname(require.resolve('node-addon-api/napi.h')))\")"]
}
