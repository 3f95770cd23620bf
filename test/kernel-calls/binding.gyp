{
  # System calls for tests, without any of the addon's own judgement. Compiled by the global setup of the tests.
  'targets': [
    {
      'target_name': 'kernel_calls',
      'sources': ['kernel_calls.cc'],
      'defines': ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'cflags': ['-O2', '-Wall', '-Wextra', '-Wshadow', '-Wvla', '-Werror'],
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
    },
  ],
}
