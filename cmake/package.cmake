# A Debian package: cmake --build build/release --target package. What only a system has (configuration, the
# unit, the user) is the component "system", which `cmake --install` leaves out.
set(debian "${PROJECT_SOURCE_DIR}/conf/debian")

# The unit without its socket: a socket names the ports of a configuration, and that of the package has
# others than an operator's. It is an example, for restarts that refuse no connection.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             "${PROJECT_SOURCE_DIR}/conf/systemd/footprintd.service")
file(READ "${PROJECT_SOURCE_DIR}/conf/systemd/footprintd.service" unit)
string(REGEX REPLACE "\n#[^\n]*" "" unit "${unit}")
string(REGEX REPLACE "^#[^\n]*\n+" "" unit "${unit}")
string(REPLACE "Also=footprintd.socket\n" "" unit "${unit}")
file(CONFIGURE OUTPUT "${library_dir}/footprintd.service" CONTENT "${unit}" @ONLY)
install(FILES "${library_dir}/footprintd.service" DESTINATION lib/systemd/system
        COMPONENT system EXCLUDE_FROM_ALL)
install(FILES "${PROJECT_SOURCE_DIR}/conf/systemd/footprintd.socket"
        DESTINATION share/doc/footprintd/examples COMPONENT system EXCLUDE_FROM_ALL)
install(FILES "${debian}/footprintd.yaml" DESTINATION /etc/footprintd
        COMPONENT system EXCLUDE_FROM_ALL)
install(DIRECTORY DESTINATION /etc/footprintd/footprints COMPONENT system EXCLUDE_FROM_ALL)
install(FILES "${debian}/copyright" "${PROJECT_SOURCE_DIR}/README.md"
        DESTINATION share/doc/footprintd COMPONENT system EXCLUDE_FROM_ALL)
install(FILES "${PROJECT_SOURCE_DIR}/conf/footprintd.yaml"
        DESTINATION share/doc/footprintd/examples COMPONENT system EXCLUDE_FROM_ALL)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/footprints"
        DESTINATION share/doc/footprintd/examples COMPONENT system EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(FPD_PACKAGE_CONTACT "footprintd maintainers <maintainers@footprintd.example>" CACHE STRING
    "Who answers for the package: name <address>")
set(CPACK_PACKAGE_CONTACT "${FPD_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}")
set(CPACK_STRIP_FILES ON)
# What is for /etc goes there, and the rest below /usr.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};footprintd;ALL;/"
    "${CMAKE_BINARY_DIR};footprintd;system;/")
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/package_files.cmake")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# Below the description of the project, which is its first line.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"A downstream CDN runs footprintd to tell upstream CDNs, over HTTP/2, where it
can deliver and what it can do there (RFC 7285, RFC 9240, RFC 9241), and to
push every change as a patch (RFC 8895, RFC 9569).

footprintctl checks, compares and applies what operators write, and follows
other servers. libfootprintd is the look-up for programs.")
# The libraries that are loaded, as dpkg-shlibdeps finds them, and the one that the guard is made for.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "libh2o-evloop0.13 (>= 2.2.5), libh2o-evloop0.13 (<< 2.3), adduser, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${debian}/conffiles" "${debian}/postinst"
    "${debian}/prerm" "${debian}/postrm" "${debian}/triggers")
include(CPack)
