{
  # For the checkout, where warnings are errors. It is not published; native/binding.gyp is.
  # The sanitizer build (scripts/test-sanitize.sh) adds its flags by CXXFLAGS and LDFLAGS, in a directory of its own.
  "targets": [
    {
      "target_name": "ancillary",
      "includes": ["native/ancillary.gypi"],
      "cflags": ["-Wall", "-Wextra", "-Wshadow", "-Wvla", "-Werror"],
      "cflags_cc": ["-Wnon-virtual-dtor", "-Woverloaded-virtual"]
    }
  ]
}
