#include "js_arguments.h"

#include <cmath>
#include <limits>
#include <string>

namespace ancillary {

void throwType(Napi::Env env, const char* name, const char* expected) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", (std::string(name) + " must be " + expected).c_str());
}

bool readInt(Napi::Env env, Napi::Value value, const char* name, int& into) {
  double number = 0;
  // Read as a double: napi_get_value_int32 would cut 2^32 down to 0, which is a descriptor.
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= std::numeric_limits<int>::min()) ||
      !(number <= std::numeric_limits<int>::max()) || std::trunc(number) != number) {
    throwType(env, name, "a 32-bit integer");
    return false;
  }
  into = static_cast<int>(number);
  return true;
}

bool readCount(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::uint64_t& into) {
  double number = 0;
  if (napi_get_value_double(info.Env(), info[index], &number) != napi_ok || !(number >= 0)) {
    throwType(info.Env(), name, "a number >= 0");
    return false;
  }
  constexpr double kLimit = 9007199254740992.0;  // 2^53
  into = static_cast<std::uint64_t>(number < kLimit ? number : kLimit);
  return true;
}

bool readBool(const Napi::CallbackInfo& info, std::size_t index, const char* name, bool& into) {
  if (napi_get_value_bool(info.Env(), info[index], &into) == napi_ok) return true;
  throwType(info.Env(), name, "a boolean");
  return false;
}

bool readText(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::string& into) {
  if (info[index].IsString()) into = info[index].As<Napi::String>();
  if (info[index].IsString() && into.find('\0') == std::string::npos) return true;
  throwType(info.Env(), name, "a string without zero bytes");
  return false;
}

bool readBytes(Napi::Env env, Napi::Value value, const char* name, Bytes& into) {
  napi_typedarray_type type;
  void* data = nullptr;
  std::size_t length = 0;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    throwType(env, name, "a Uint8Array");
    return false;
  }
  into = {static_cast<unsigned char*>(data), length};
  return true;
}

bool readInts(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::size_t length,
              std::int32_t*& into) {
  napi_typedarray_type type;
  void* data = nullptr;
  std::size_t actual = 0;
  if (napi_get_typedarray_info(info.Env(), info[index], &type, &actual, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array || actual < length) {
    throwType(info.Env(), name, "an Int32Array of sufficient length");
    return false;
  }
  into = static_cast<std::int32_t*>(data);
  return true;
}

bool readBigInts(const Napi::CallbackInfo& info, std::size_t index, const char* name, std::size_t length,
                 std::uint64_t*& into) {
  napi_typedarray_type type;
  void* data = nullptr;
  std::size_t actual = 0;
  if (napi_get_typedarray_info(info.Env(), info[index], &type, &actual, &data, nullptr, nullptr) != napi_ok ||
      type != napi_biguint64_array || actual < length) {
    throwType(info.Env(), name, "a BigUint64Array of sufficient length");
    return false;
  }
  into = static_cast<std::uint64_t*>(data);
  return true;
}

bool readArray(const Napi::CallbackInfo& info, std::size_t index, const char* name, Napi::Array& into) {
  if (!info[index].IsArray()) {
    throwType(info.Env(), name, "an array");
    return false;
  }
  into = info[index].As<Napi::Array>();
  return true;
}

}  // namespace ancillary
