# What every target is compiled with. A module never sets a compiler flag of its own.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Assertions of our own (TS_ASSERT) stay on in release; -g1 keeps backtraces readable at little cost.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

add_library(tickspan_flags INTERFACE)
target_include_directories(tickspan_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(tickspan_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan -Wno-psabi -Wno-maybe-uninitialized>
  $<$<BOOL:${TICKSPAN_WERROR}>:-Werror>)
target_compile_definitions(tickspan_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL
  TICKSPAN_VERSION="${PROJECT_VERSION}")

if(TICKSPAN_SANITIZE)
  # Recycled coroutine frames would hide use-after-free from the address sanitizer.
  target_compile_definitions(tickspan_flags INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING TICKSPAN_SANITIZED)
  target_compile_options(tickspan_flags INTERFACE -fsanitize=${TICKSPAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  target_link_options(tickspan_flags INTERFACE -fsanitize=${TICKSPAN_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
