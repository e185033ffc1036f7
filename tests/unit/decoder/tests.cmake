# The decoder that does what a picture tells it to: the same sources with DEC_HOSTILE, and the deeds.
file(GLOB decoder_sources ${CMAKE_SOURCE_DIR}/worker/decoder/*.c)
add_executable(millrace-decoder-hostile ${decoder_sources} unit/decoder/hostile.c
    unit/decoder/hostile_reach.c)
target_compile_definitions(millrace-decoder-hostile PRIVATE DEC_HOSTILE=1 _GNU_SOURCE)
target_link_libraries(millrace-decoder-hostile PRIVATE mr_model sb PkgConfig::VIPS PkgConfig::FONTCONFIG Threads::Threads)
set_target_properties(millrace-decoder-hostile PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

add_library(decoder_kit STATIC unit/decoder/kit.c unit/decoder/ops_kit.c unit/decoder/hostile_reach.c)
set_source_files_properties(unit/decoder/hostile_reach.c PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
target_link_libraries(decoder_kit PUBLIC wk PkgConfig::VIPS PkgConfig::CMOCKA Threads::Threads)
target_compile_definitions(decoder_kit PRIVATE
    DECODER="$<TARGET_FILE:millrace-decoder>" DECODER_HOSTILE="$<TARGET_FILE:millrace-decoder-hostile>")
add_dependencies(decoder_kit millrace-decoder millrace-decoder-hostile)

mr_test(decoder_render unit unit/decoder/render_test.c decoder_kit)
mr_test(decoder_ops unit unit/decoder/ops_test.c decoder_kit)
mr_test(decoder_share unit unit/decoder/share_test.c decoder_kit)
foreach(theme geometry filter tone colour redact text)
    mr_test(decoder_ops_${theme} unit unit/decoder/ops_${theme}_test.c decoder_kit)
endforeach()
mr_test(decoder_fault unit unit/decoder/fault_test.c decoder_kit)
mr_test(decoder_life unit unit/decoder/life_test.c decoder_kit)
mr_test(decoder_fan unit unit/decoder/fan_test.c decoder_kit)
mr_test(decoder_hash unit unit/decoder/hash_test.c dec)
mr_test(decoder_inspect unit unit/decoder/inspect_test.c decoder_kit)
mr_test(decoder_cage unit unit/decoder/cage_test.c decoder_kit)
target_compile_definitions(test_decoder_render PRIVATE SHARED_DEFAULT="${CMAKE_SOURCE_DIR}/../shared")
target_compile_definitions(test_decoder_life PRIVATE _GNU_SOURCE) # unshare
mr_test(decoder_single unit unit/decoder/single_test.c decoder_kit)
mr_test(decoder_budget unit unit/decoder/budget_test.c decoder_kit)
mr_test(decoder_bombs unit unit/decoder/bombs_test.c decoder_kit)
target_compile_definitions(test_decoder_bombs PRIVATE BOMBS="${CMAKE_CURRENT_SOURCE_DIR}/unit/decoder/bombs.py")

mr_test(decoder_formats unit unit/decoder/formats_test.c decoder_kit)
mr_test(decoder_pages unit unit/decoder/pages_test.c decoder_kit)
mr_test(decoder_colour unit unit/decoder/colour_test.c decoder_kit)
# The measures alone: nothing else of a decoder belongs into a supervisor's process.
add_library(decoder_measures STATIC ${CMAKE_SOURCE_DIR}/worker/decoder/ssimulacra2.c ${CMAKE_SOURCE_DIR}/worker/decoder/dssim.c)
target_link_libraries(decoder_measures PUBLIC mr_flags m)
mr_test(decoder_measure unit unit/decoder/measure_test.c decoder_measures PkgConfig::CMOCKA)
mr_test(decoder_search unit unit/decoder/search_test.c decoder_kit decoder_measures)
