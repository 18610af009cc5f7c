# mailpipe_add_plugin(<name> MANIFEST <manifest.json> SOURCES <...> [LIBS <...>])
#
# Builds one plugin: used inside the tree and, installed, by plugins outside it. Puts the manifest into the section that
# the loader reads before it runs any of the plugin's code, hides every symbol but the entry point, and puts the module
# where the engine looks.
set(MAILPIPE_PLUGIN_TEMPLATE_DIR "${CMAKE_CURRENT_LIST_DIR}" CACHE INTERNAL "")

function(mailpipe_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MANIFEST" "SOURCES;LIBS")
  if(NOT arg_MANIFEST)
    message(FATAL_ERROR "mailpipe_add_plugin(${name}): MANIFEST is missing")
  endif()
  cmake_path(ABSOLUTE_PATH arg_MANIFEST BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${arg_MANIFEST}")
  file(READ "${arg_MANIFEST}" manifest)
  string(JSON MAILPIPE_PLUGIN_ID GET "${manifest}" id)
  string(JSON MAILPIPE_PLUGIN_VERSION GET "${manifest}" version)
  file(READ "${arg_MANIFEST}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," MAILPIPE_PLUGIN_MANIFEST_BYTES "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n    "
    MAILPIPE_PLUGIN_MANIFEST_BYTES "${MAILPIPE_PLUGIN_MANIFEST_BYTES}")
  configure_file("${MAILPIPE_PLUGIN_TEMPLATE_DIR}/plugin_tag.c.in" "${CMAKE_CURRENT_BINARY_DIR}/${name}_tag.c" @ONLY)

  add_library(${name} MODULE ${arg_SOURCES} "${CMAKE_CURRENT_BINARY_DIR}/${name}_tag.c")
  target_link_libraries(${name} PRIVATE mailpipe::sdk ${arg_LIBS})
  if(TARGET mailpipe-settings)
    target_link_libraries(${name} PRIVATE mailpipe-settings)
  endif()
  if(NOT (CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND MAILPIPE_SANITIZE))
    target_link_options(${name} PRIVATE -Wl,--no-undefined)  # clang leaves the sanitizer's symbols to the program
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/mailpipe/plugins")
  if(MAILPIPE_INSTALL)
    install(TARGETS ${name} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/mailpipe/plugins")
  endif()
endfunction()
