#!/usr/bin/env bash
# make-libraries.sh DIRECTORY: Debian's own libstdc++ and libgcc_s, made fit for programs that run on Debian's musl, such as
# Bun for musl. They ask for some functions of glibc that musl does not have: glibc-shim.c has them.
set -euo pipefail
directory=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shim=libglibcshim.so.2.36
mkdir -p "$directory"
musl-gcc -O2 -fPIC -shared -Wl,-soname,"$shim" "$here/glibc-shim.c" -o "$directory/$shim"
for library in libstdc++.so.6 libgcc_s.so.1; do
  # glibc's loader among the libraries needed is replaced in place by the shim: the names are equally long.
  sed "s/ld-linux-x86-64\.so\.2/$shim/g" "$(gcc -print-file-name=$library)" >"$directory/$library"
done
