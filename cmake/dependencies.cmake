# Third-party packages, all from the distribution. Found here once; a module names the ones it links.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(toml11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(URING IMPORTED_TARGET liburing)  # optional: without it sockets are written to one by one
find_package(PostgreSQL REQUIRED)

# Boost.Asio and Boost.Beast are compiled once, here, instead of in every file that includes them.
add_library(tickspan_boost STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_separate.cpp)
target_link_libraries(tickspan_boost PUBLIC tickspan_flags Boost::headers Boost::url OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_options(tickspan_boost PRIVATE -w)
