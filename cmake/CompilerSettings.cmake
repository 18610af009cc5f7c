# Warnings and hardening for our own targets, as one interface target that nothing installed carries.
find_program(MAILPIPE_CCACHE ccache)
if(MAILPIPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${MAILPIPE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MAILPIPE_CCACHE}")
endif()

add_library(mailpipe-settings INTERFACE)
target_compile_options(mailpipe-settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wno-missing-field-initializers  # designated initialisers name what differs from the default
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wdeprecated-copy-dtor>
  $<$<BOOL:${MAILPIPE_WARNINGS_AS_ERRORS}>:-Werror>)

# "address,undefined" or "thread"; set by the asan and tsan presets.
set(MAILPIPE_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(MAILPIPE_SANITIZE)
  add_compile_options(-fsanitize=${MAILPIPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${MAILPIPE_SANITIZE})
endif()
