#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ancillary {

/*
 * Arguments at the JavaScript boundary. Each reader throws a TypeError and returns false for what it cannot take;
 * callers return at once then. In an environment that is ending every Node-API call may fail, so a value may be empty
 * and the TypeError may not be thrown.
 */

struct Bytes {
  unsigned char* data = nullptr;
  std::size_t size = 0;
};

/** An integer within 32 bits; never a truncated one. */
bool readInt(Napi::Env env, Napi::Value value, const char* name, int& into);
inline bool readInt(const Napi::CallbackInfo& info, std::size_t index, const char* name, int& into) {
  return readInt(info.Env(), info[index], name, into);
}

/** A count: a number >= 0, where Infinity and all too large for an integer mean "as many as there are". */
bool readCount(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::uint64_t& into);

bool readBool(const Napi::CallbackInfo& info, std::size_t index, const char* name, bool& into);

/** Text for a system call, which would stop at a zero byte. */
bool readText(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::string& into);

/** A Uint8Array (a Buffer is one); valid until JavaScript runs again. */
bool readBytes(Napi::Env env, Napi::Value value, const char* name, Bytes& into);

/** An Int32Array of at least `length` elements. */
bool readInts(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::size_t length,
              std::int32_t*& into);

/** A BigUint64Array likewise. */
bool readBigInts(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::size_t length,
                 std::uint64_t*& into);

bool readArray(const Napi::CallbackInfo& info, std::size_t index, const char* name, Napi::Array& into);

/** Throws `TypeError: name must be expected`. */
void throwType(Napi::Env env, const char* name, const char* expected);

}  // namespace ancillary
