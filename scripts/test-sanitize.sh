#!/usr/bin/env bash
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer in a directory of its own and runs the tests of
# the native side on it. Arguments go to jest in place of the default directories.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
build=$root/build-sanitize

# Node's own headers, where they are installed beside it, need no download.
prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
if [ -z "${npm_config_nodedir:-}" ] && [ -f "$prefix/include/node/node_api.h" ]; then
  export npm_config_nodedir=$prefix
fi

mkdir -p "$build"
cp binding.gyp package.json "$build/"
ln -sfn "$root/native" "$build/native"
ln -sfn "$root/node_modules" "$build/node_modules"
flags='-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g'
(cd "$build" && CXXFLAGS=$flags LDFLAGS=$flags "$root/node_modules/.bin/node-gyp" rebuild)
if ! nm -D "$build/build/Release/ancillary.node" | grep __asan_init >/dev/null; then
  echo 'The addon was built without the sanitizers' >&2
  exit 1
fi

if [ "$#" -eq 0 ]; then
  for directory in native conformance hostile; do
    if [ -d "test/$directory" ]; then set -- "$@" "test/$directory"; fi
  done
fi

# Node itself is not sanitized: the runtimes come first by LD_PRELOAD, and what Node never frees is not reported.
# node-gyp-build takes the addon from <NAME>_PREBUILD. One process, so that a report is not lost with a worker.
export ANCILLARY_PREBUILD=$build
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
  exec node node_modules/jest/bin/jest.js --runInBand "$@"
