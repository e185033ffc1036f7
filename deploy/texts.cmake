# mr_texts(HEADER PREFIX LIST FILES): the files become text in the program: generated/HEADER.h holds one string a
# file, `PREFIX_<name>`, and LIST(X), the list of the names.  Written as bytes: no quoting that could change the
# text, and no limit of the compiler's on the length of a literal.
function(mr_texts header prefix list pattern)
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${pattern})
    string(TOUPPER MR_${header}_H guard)
    set(text "/* ${header}.h -- made by deploy/texts.cmake. */\n#ifndef ${guard}\n#define ${guard}\n")
    set(names "")
    foreach(file IN LISTS files)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
        get_filename_component(name ${file} NAME_WE)
        file(READ ${file} bytes HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
        string(APPEND text "static const char ${prefix}_${name}[] = {${bytes}0};\n")
        string(APPEND names " X(${name})")
    endforeach()
    string(APPEND text "#define ${list}(X)${names}\n#endif\n")
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${header}.h CONTENT "${text}" @ONLY)
endfunction()
