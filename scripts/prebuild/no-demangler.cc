// libc++abi would name the type of an uncaught exception; there are none here, and its demangler is a third of a binary.
extern "C" char* __cxa_demangle(const char*, char*, unsigned long*, int* status) {
  if (status != nullptr) *status = -1;
  return nullptr;
}
