# The evaluator's interpreter: jsonata out of npm's registry (deploy/jsonata) and our part around it, compiled to
# QuickJS's bytecode and linked in as bytes.
find_path(QUICKJS_INCLUDE quickjs/quickjs.h REQUIRED)
find_library(QUICKJS_LIBRARY quickjs PATH_SUFFIXES quickjs REQUIRED)
find_program(QJSC qjsc REQUIRED)

set(generated ${CMAKE_BINARY_DIR}/generated)
add_custom_command(OUTPUT ${generated}/jsonata.js
    COMMAND ${CMAKE_SOURCE_DIR}/deploy/jsonata ${generated}/jsonata.js
    DEPENDS ${CMAKE_SOURCE_DIR}/deploy/jsonata
        ${CMAKE_SOURCE_DIR}/orchestrator/evaluator/quick_evaluate.js
        ${CMAKE_SOURCE_DIR}/orchestrator/evaluator/quick_signature.js VERBATIM)
# The source is kept: jsonata reads the names of its functions' parameters out of it.
foreach(script jsonata expressions)
    set(source ${generated}/${script}.js)
    if(script STREQUAL expressions)
        set(source ${CMAKE_SOURCE_DIR}/orchestrator/evaluator/${script}.js)
    endif()
    add_custom_command(OUTPUT ${generated}/ev_${script}.c
        COMMAND ${QJSC} -c --keep-source -N ev_${script} -o ${generated}/ev_${script}.c ${source}
        DEPENDS ${source} VERBATIM)
endforeach()

add_library(ev_engine STATIC orchestrator/evaluator/engine.c orchestrator/evaluator/engine_hash.c
    orchestrator/evaluator/engine_heap.c
    ${generated}/ev_jsonata.c ${generated}/ev_expressions.c)
target_include_directories(ev_engine SYSTEM PRIVATE ${QUICKJS_INCLUDE})
target_link_libraries(ev_engine PUBLIC mr_base sb PRIVATE ${QUICKJS_LIBRARY} PkgConfig::CRYPTO Threads::Threads m ${CMAKE_DL_LIBS})
