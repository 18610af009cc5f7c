# Installs the headers and the CMake package with which a plugin outside the tree is built.
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/mailpipe")
install(TARGETS mailpipe-sdk EXPORT mailpipeTargets
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT mailpipeTargets NAMESPACE mailpipe:: DESTINATION "${package_folder}")
install(TARGETS mailpipe-testing EXPORT mailpipeTestingTargets
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT mailpipeTestingTargets NAMESPACE mailpipe:: DESTINATION "${package_folder}")

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/mailpipeConfig.cmake.in" "${CMAKE_CURRENT_BINARY_DIR}/mailpipeConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/mailpipeConfigVersion.cmake"
  COMPATIBILITY SameMajorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/mailpipeConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/mailpipeConfigVersion.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/MailpipePlugin.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/plugin_tag.c.in"
  DESTINATION "${package_folder}")
