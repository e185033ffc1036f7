# Two kinds.  The coverage-guided targets need clang and a build of their own, all of it instrumented:
# tests/fuzz/run makes it in build/fuzz with MILLRACE_FUZZ=ON and runs them.  The picture fuzzer is an ordinary
# test of the ordinary build, since what it attacks is the real decoder in its real cage.
option(MILLRACE_FUZZ "Build the libFuzzer targets (clang, MILLRACE_SANITIZE=fuzzer-no-link,address,undefined)" OFF)

# mr_fuzz(NAME LIBS...): tests/fuzz/NAME.c, seeds in tests/fuzz/corpus/NAME, words in tests/fuzz/dict/NAME.dict
function(mr_fuzz name)
    add_executable(fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${name}.c)
    target_link_libraries(fuzz_${name} PRIVATE ${ARGN})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_dependencies(fuzz_targets fuzz_${name})
endfunction()

if(MILLRACE_FUZZ)
    add_custom_target(fuzz_targets)
    add_library(fuzz_machine_parts STATIC ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/machines.c)
    target_link_libraries(fuzz_machine_parts PUBLIC asl)
    mr_fuzz(json mr_base)
    mr_fuzz(message mr_model)
    mr_fuzz(recipe mr_model)
    mr_fuzz(machine fuzz_machine_parts)
    mr_fuzz(path asl)
    mr_fuzz(intrinsic fuzz_machine_parts)
    mr_fuzz(template fuzz_machine_parts)
    mr_fuzz(run fuzz_machine_parts)
    mr_fuzz(test_state asl)
    mr_fuzz(job fuzz_machine_parts oc)
    mr_fuzz(names oc mr_redis PkgConfig::HIREDIS)
    mr_fuzz(request gw)
    mr_fuzz(xml mr_blob)
elseif(TARGET decoder_kit)
    mr_test(fuzz_pictures fuzz fuzz/pictures.c decoder_kit)
    if(TARGET test_fuzz_pictures) # the same for ten minutes, in nightly
        add_test(NAME fuzz_pictures_long COMMAND test_fuzz_pictures WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
        set_tests_properties(fuzz_pictures_long PROPERTIES LABELS fuzz-long TIMEOUT 900 ENVIRONMENT FUZZ_SECONDS=600)
        set_tests_properties(fuzz_pictures PROPERTIES TIMEOUT 900)
    endif()
endif()
