add_library(http_server STATIC unit/http/http_server.c)
target_link_libraries(http_server PUBLIC mr_flags Threads::Threads)

mr_test(http unit unit/http/http_test.c mr_http mr_sim)
foreach(noun answer request fault reach)
    mr_test(http_curl_${noun} unit unit/http/curl_${noun}_test.c mr_http http_server)
    target_sources(test_http_curl_${noun} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/http/curl_kit.c)
endforeach()
mr_test(http_url unit unit/http/url_test.c mr_http)
