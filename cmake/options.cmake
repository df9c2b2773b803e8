# Every option of the build in one place.
option(FPD_WERROR "Warnings are errors" ON)
option(FPD_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(FPD_COVERAGE "Instrument for gcov" OFF)
set(FPD_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")

if(FPD_SANITIZE)
    add_compile_options(-fsanitize=${FPD_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FPD_SANITIZE})
endif()
if(FPD_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FPD_COVERAGE)
    add_compile_options(--coverage -O0)
    add_link_options(--coverage)
endif()
