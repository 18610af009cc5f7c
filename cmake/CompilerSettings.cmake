# Warnings and hardening for our own targets, as one interface target that nothing installed carries.
find_program(MAILPIPE_CCACHE ccache)
if(MAILPIPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The folder of the checkout is left out of the hash, so that clones of the same state share what is compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    "${MAILPIPE_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

add_library(mailpipe-settings INTERFACE)
target_compile_options(mailpipe-settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wno-missing-field-initializers  # designated initialisers name what differs from the default
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wdeprecated-copy-dtor>
  $<$<BOOL:${MAILPIPE_WARNINGS_AS_ERRORS}>:-Werror>)

# "address,undefined" or "thread"; set by the asan, tsan and fuzz presets.
set(MAILPIPE_SANITIZE "" CACHE STRING "Sanitizers to build with")
option(MAILPIPE_SANITIZE_ALL "Tests on real servers under the sanitizers, too" OFF)
if(MAILPIPE_SANITIZE)
  # GCC 12 sees uninitialised members in std::regex and std::function that are not there once it instruments them.
  add_compile_options(-fsanitize=${MAILPIPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_link_options(-fsanitize=${MAILPIPE_SANITIZE})
endif()
