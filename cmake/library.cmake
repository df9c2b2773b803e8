# libfootprintd: the look-up for other programs (include/footprintd/lookup.h), static and shared,
# made of what it needs of the core. src/lookup/exports.txt is the list of its symbols; all others
# are hidden, in the static library too.
file(STRINGS "${PROJECT_SOURCE_DIR}/src/lookup/exports.txt" FPD_EXPORTS)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             "${PROJECT_SOURCE_DIR}/src/lookup/exports.txt")
set(undefined)
set(global)
foreach(name IN LISTS FPD_EXPORTS)
    list(APPEND undefined -Wl,-u,${name})
    string(APPEND global "        ${name};\n")
endforeach()
set(library_dir "${CMAKE_BINARY_DIR}/lib")
file(CONFIGURE OUTPUT "${library_dir}/footprintd.map"
     CONTENT "FOOTPRINTD_0 {\n    global:\n${global}    local:\n        *;\n};\n" @ONLY)
file(CONFIGURE OUTPUT "${library_dir}/empty.c"
     CONTENT "typedef int footprintd_empty_t; /* the code is in the core */\n" @ONLY)

add_library(footprintd-shared SHARED "${library_dir}/empty.c")
# As needed: the core knows libraries that a look-up has no use for.
target_link_options(footprintd-shared PRIVATE -Wl,--as-needed ${undefined}
                    "-Wl,--version-script=${library_dir}/footprintd.map")
target_link_libraries(footprintd-shared PRIVATE fpd-core)
set_target_properties(footprintd-shared PROPERTIES
    OUTPUT_NAME footprintd VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LIBRARY_OUTPUT_DIRECTORY "${library_dir}"
    LINK_DEPENDS "${library_dir}/footprintd.map")

# One object, so that what is hidden can be made local.
add_custom_command(OUTPUT "${library_dir}/libfootprintd.a"
    COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o "${library_dir}/footprintd.o" ${undefined}
            $<TARGET_FILE:fpd-core>
    COMMAND ${CMAKE_OBJCOPY} "--keep-global-symbols=${PROJECT_SOURCE_DIR}/src/lookup/exports.txt"
            "${library_dir}/footprintd.o"
    COMMAND ${CMAKE_COMMAND} -E rm -f "${library_dir}/libfootprintd.a"
    COMMAND ${CMAKE_AR} rcs "${library_dir}/libfootprintd.a" "${library_dir}/footprintd.o"
    DEPENDS fpd-core "${PROJECT_SOURCE_DIR}/src/lookup/exports.txt" VERBATIM)
add_custom_target(footprintd-static ALL DEPENDS "${library_dir}/libfootprintd.a")

# ---- installation ----

include(GNUInstallDirs)
# The file finds its tree from where it lies, wherever that was moved to.
file(RELATIVE_PATH FPD_PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" FPD_PC_PREFIX "${FPD_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/footprintd.pc.in" "${library_dir}/footprintd.pc" @ONLY)

install(TARGETS footprintd footprintctl RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS footprintd-shared LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${library_dir}/libfootprintd.a" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${library_dir}/footprintd.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/include/footprintd/lookup.h"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/footprintd")
# Where bash-completion and zsh look for them on Debian.
install(FILES "${PROJECT_SOURCE_DIR}/conf/completion/footprintctl.bash" RENAME footprintctl
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${PROJECT_SOURCE_DIR}/conf/completion/_footprintctl"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
foreach(section 1 5 8)
    file(GLOB pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/*.${section}")
    install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
endforeach()
