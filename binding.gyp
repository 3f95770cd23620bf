{
  # The sanitizer build (scripts/test-sanitize.sh) adds its flags by CXXFLAGS and LDFLAGS, in a directory of its own.
  'targets': [
    {
      'target_name': 'ancillary',
      'sources': [
        'native/addon.cc',
        'native/address_ops.cc',
        'native/async_context.cc',
        'native/choose_poller.cc',
        'native/connection_state.cc',
        'native/control_message.cc',
        'native/fd_ops.cc',
        'native/handle_ops.cc',
        'native/js_arguments.cc',
        'native/js_environment.cc',
        'native/js_events.cc',
        'native/ledger.cc',
        'native/listener_handle.cc',
        'native/message_io.cc',
        'native/message_ops.cc',
        'native/polled_handle.cc',
        'native/receive_pump.cc',
        'native/send_batch.cc',
        'native/send_ops.cc',
        'native/socket_handle.cc',
        'native/socket_options.cc',
        'native/thread_poller.cc',
        'native/unix_address.cc',
        'native/uv_poller.cc',
      ],
      'defines': [
        'NAPI_VERSION=9',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        # worker.terminate() makes Node-API calls fail at any moment, with no exception to throw; else that is fatal.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags': ['-O2', '-Wall', '-Wextra', '-Wshadow', '-Wvla', '-Werror'],
      # napi.h as a system header: its warnings are not ours to mend.
      'cflags_cc': [
        '-std=c++17',
        '-fno-exceptions',
        '-fno-rtti',
        '-fvisibility=hidden',
        '-Wnon-virtual-dtor',
        '-Woverloaded-virtual',
        '-isystem <!(node -p "require(\'path\').dirname(require.resolve(\'node-addon-api/napi.h\'))")',
      ],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'xcode_settings': {
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
        'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
        'GCC_ENABLE_CPP_RTTI': 'NO',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'OTHER_CPLUSPLUSFLAGS': [
          '-isystem <!(node -p "require(\'path\').dirname(require.resolve(\'node-addon-api/napi.h\'))")',
        ],
      },
    },
  ],
}
