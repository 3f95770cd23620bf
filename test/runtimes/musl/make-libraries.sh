#!/usr/bin/env bash
# make-libraries.sh DIRECTORY [x64 | arm64 ZIG]: Debian's own libstdc++ and libgcc_s, made fit for programs that run on
# Debian's musl, such as Bun for musl. They ask for some functions of glibc that musl does not have: glibc-shim.c has them.
# For x64 (the default) DIRECTORY is for LD_LIBRARY_PATH. For arm64 it is a root for `qemu-aarch64-static -L`, with musl in
# it; ZIG is the compiler of scripts/prebuild, which compiles for arm64's musl.
set -euo pipefail
directory=$1
arch=${2:-x64}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# musl of another architecture than the machine's, unpacked into the directory. apt keeps all it needs to know about it in a
# folder of its own, so the machine's own architectures and lists stay as they are.
unpack_musl() {
  local options
  apt=$(mktemp -d)
  trap 'rm -r "$apt"' EXIT
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' >"$apt/sources.list"
  options=(-qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root -o Acquire::Languages=none
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
    -o Dir::State::status=/dev/null -o "Dir::Cache=$apt/cache")
  apt-get "${options[@]}" update
  (cd "$apt" && apt-get "${options[@]}" download musl:arm64)
  dpkg-deb -x "$apt"/musl_*_arm64.deb "$1"
}

# One of the libraries needed is replaced in place by the shim, whose name is equally long: glibc's loader where they need
# that, otherwise glibc, which is there anyway as musl.
case $arch in
  x64)
    compile=(musl-gcc)
    find_library() { gcc -print-file-name="$1"; }
    replaced=ld-linux-x86-64.so.2 shim=libglibcshim.so.2.36
    libraries=$directory
    ;;
  arm64)
    compile=("$3" cc -target aarch64-linux-musl)
    find_library() { echo "/usr/aarch64-linux-gnu/lib/$1"; }
    replaced=libc.so.6 shim=libshim.6
    libraries=$directory/lib/aarch64-linux-musl
    unpack_musl "$directory"
    ;;
  *)
    echo "$arch: neither x64 nor arm64" >&2
    exit 2
    ;;
esac
mkdir -p "$libraries"
"${compile[@]}" -O2 -fPIC -shared -Wl,-soname,"$shim" "$here/glibc-shim.c" -o "$libraries/$shim"
for library in libstdc++.so.6 libgcc_s.so.1; do
  sed "s/${replaced//./\\.}/$shim/g" "$(find_library $library)" >"$libraries/$library"
done
