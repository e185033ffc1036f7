# Every orchestrator/functions/*.lua becomes text in the program: generated/functions.h holds one
# string a file, `mr_lua_<name>`, and MR_LUA_FUNCTIONS(X), the list of the names; the Redis adapter
# makes one function library of them.  Written as bytes: no quoting that could change the Lua, and no
# limit of the compiler's on the length of a literal.
file(GLOB lua_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/orchestrator/functions/*.lua)
set(header ${CMAKE_BINARY_DIR}/generated/functions.h)
set(text "/* functions.h -- made from orchestrator/functions by deploy/lua.cmake. */\n#ifndef MR_FUNCTIONS_H\n#define MR_FUNCTIONS_H\n")
set(names "")
foreach(file IN LISTS lua_files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND text "static const char mr_lua_${name}[] = {${bytes}0};\n")
    string(APPEND names " X(${name})")
endforeach()
string(APPEND text "#define MR_LUA_FUNCTIONS(X)${names}\n#endif\n")
file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
